"""A small service of which gate.toml says all: it makes its own tables, and answers from them.

``python declared_service.py PORT DATABASE_URL``; ``MODE`` says how it behaves: ``extension`` needs one that no Postgres
has, ``late`` writes half a second after each new note, ``refused`` writes although it refuses, and ``read`` when it is
asked for all notes; ``kept`` stores a note of more than ``LONG`` characters and refuses it; ``once`` ends by itself at
its first new note, and ``killed`` by a signal at any.
"""

import http.server
import json
import os
import signal
import sys
import threading
from pathlib import Path

import psycopg

PORT, URL = (int(sys.argv[1]), sys.argv[2]) if __name__ == "__main__" else (0, "")
MODE = os.environ.get("MODE", "")
LONG = 15
ONCE = Path(os.environ.get("ONCE", ""))
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "notes", "version": "1"},
    "servers": [{"url": "/api"}],
    "paths": {
        "/notes": {
            "get": {"responses": {"200": {"description": "all"}}},
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["text"],
                                "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 30}},
                                "additionalProperties": False,
                            }
                        }
                    },
                },
                "responses": {"201": {"description": "made"}, "400": {"description": "refused"}},
            },
        },
        "/notes/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"responses": {"200": {"description": "a note"}, "404": {"description": "none"}}},
        },
        "/admin/shutdown": {"post": {"responses": {"200": {"description": "the end"}}}},
    },
}


def connect() -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the database."""
    return psycopg.connect(URL, autocommit=True)


def write_late() -> None:
    """Notes that something happened."""
    with connect() as connection:
        connection.execute("INSERT INTO events (event) VALUES ('late')")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers from the database."""

    def answer(self, status: int, body: object) -> None:
        """Answers with JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        """A note, all of them, the document, or the environment."""
        if self.path == "/openapi.json":
            self.answer(200, DOCUMENT)
        elif self.path.startswith("/environment"):
            self.answer(200, dict(os.environ))
        elif self.path.startswith("/api/notes"):
            with connect() as connection:
                rows = connection.execute("SELECT id, text FROM notes ORDER BY id").fetchall()
            notes = [{"id": key, "text": text} for key, text in rows]
            number = self.path.partition("/notes")[2].strip("/")
            if MODE == "read" and not number:
                write_late()
            note = next((each for each in notes if str(each["id"]) == number), None)
            self.answer(200 if note or not number else 404, note if number else notes)
        else:
            self.answer(404, {})

    def do_POST(self) -> None:
        """A new note."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/api/admin/shutdown":
            os._exit(1)
        try:
            text = json.loads(body)["text"]
            valid = bool(text) and b"\0" not in text.encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            valid = False
        if not valid:
            if MODE == "refused":
                write_late()
            return self.answer(400, {"error": "text is missing"})
        if MODE == "kept" and len(text) > LONG:
            with connect() as connection:
                connection.execute("INSERT INTO notes (text) VALUES (%s)", (text,))
            return self.answer(400, {"error": "text is long"})
        if MODE == "once" and not ONCE.exists():
            ONCE.touch()
            print("no more notes", flush=True)
            os._exit(7)
        if MODE == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        with connect() as connection:
            row = connection.execute("INSERT INTO notes (text) VALUES (%s) RETURNING id", (text,)).fetchone()
        if MODE == "late":
            threading.Timer(0.5, write_late).start()
        return self.answer(201, {"id": row[0] if row else 0, "text": text})

    def log_message(self, *_: object) -> None:
        """Logs nothing: the lines are the test's."""


def main() -> None:
    """Makes the tables and serves until it is ended."""
    with connect() as connection:
        if MODE == "extension":
            connection.execute("CREATE EXTENSION unheard_of")
        connection.execute("CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL)")
        connection.execute("CREATE TABLE IF NOT EXISTS events (id serial PRIMARY KEY, event text)")
    http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()
