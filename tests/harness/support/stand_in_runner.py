"""A runner that only says whether it is ready: enough to test what starts and ends runners.

STAND_IN says how it behaves: ``ready`` (default), ``exit``, ``never``, ``old`` (has /health but no /health/ready) or
``stubborn`` (ignores SIGTERM).
"""

import http.server
import os
import signal
import sys

MODE = os.environ.get("STAND_IN", "ready")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers readiness probes."""

    def do_GET(self) -> None:
        """Answers with 200, 404 or 503, and no body."""
        missing = MODE == "old" and self.path != "/health"
        self.send_response(503 if MODE == "never" else 404 if missing else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Logs nothing: the lines are the test's."""


def main() -> None:
    """Prints what it was given and serves until it is ended."""
    if MODE == "exit":
        print(*(f"line {number}" for number in range(1, 31)), sep="\n", flush=True)
        sys.exit("no configuration")
    if MODE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    for name in (
        "DATABASE_URL",
        "ROUTER_URL",
        "RUNNER_RATE_LIMIT",
        "RUNNER_LOG_LEVEL",
        "PYTHONDONTWRITEBYTECODE",
        "LATER",
    ):
        print(f"{name}={os.environ.get(name)}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
