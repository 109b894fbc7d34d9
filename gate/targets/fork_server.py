"""Loads modules once, and forks a process for each start of ``python -m MODULE``, which then need not load them.

A stand-alone script, run as ``python fork_server.py SOCKET MODULE...`` in the directory of those starts. It ends its
children when it is asked to end, and each child when the connection that asked for it ends, however that came.

A request is a line of JSON with the descriptors of the child's standard output and error, over the socket:

- ``{"module": str, "arguments": [...], "env": {...}, "cwd": str, "end": "TERM", "grace": seconds}`` starts a child,
  answered by ``{"pid": int}``. ``end`` is the signal that asks it to end; SIGKILL follows after ``grace`` seconds.
- ``{"signal": "TERM"}`` on the same connection is sent to the child's process group.

``{"code": int}`` follows when the child has ended.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

LONGEST = 2**20
"""Bytes of a request at most."""
HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP)


class Child:
    """A child in a process group of its own, and the connection that asked for it."""

    def __init__(self, pid: int, connection: socket.socket, request: dict[str, Any]) -> None:
        self.pid = pid
        self.connection = connection
        self._end, self._grace = request["end"], request["grace"]
        self.killed_at: float | None = None  # the moment from which on it is killed

    def signal(self, name: str) -> None:
        """Send a signal to the child's group, which it leads as soon as it has begun; before that to the child."""
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(self.pid, signal.Signals[f"SIG{name}"])
                return

    def ended(self) -> int | None:
        """Its exit code, once it has ended, with whatever it left behind in its group killed; else None."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(status)

    def finish(self) -> None:
        """Ask the child to end."""
        if self.killed_at is None:
            self.signal(self._end)
            self.killed_at = time.monotonic() + self._grace


class Server:
    """Children by their connections, until there is none and the server was asked to end."""

    def __init__(self, listener: socket.socket, inherited: list[int]) -> None:
        self._listener = listener
        self._inherited = inherited  # what the server was started with, and a child would not have been
        self._selector = selectors.DefaultSelector()
        self._children: dict[socket.socket, Child] = {}
        self._waker, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wake = wake
        self._ending = False
        for number in HANDLED:
            signal.signal(number, self._note)
        signal.set_wakeup_fd(wake)
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(self._waker, selectors.EVENT_READ)

    def _note(self, number: int, _: object) -> None:
        self._ending |= number != signal.SIGCHLD

    def serve(self) -> dict[str, Any] | None:
        """Serve until the end, and return None; in a child, return the request that it is to fulfil."""
        while self._children or not self._ending:
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._listener:
                    if request := self._accept():
                        return request
                elif key.fd == self._waker:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._waker, 1024)
                elif isinstance(key.fileobj, socket.socket):
                    self._listen(key.fileobj)
            self._reap()
            for child in self._children.values():
                if self._ending:
                    child.finish()
                if child.killed_at is not None and time.monotonic() >= child.killed_at:
                    child.signal("KILL")
        return None

    def _patience(self) -> float | None:
        """Seconds until the next child is killed."""
        moments = [child.killed_at for child in self._children.values() if child.killed_at is not None]
        return max(0.05, min(moments) - time.monotonic()) if moments else None

    def _accept(self) -> dict[str, Any] | None:
        connection, _ = self._listener.accept()
        text, outputs = b"", list[int]()
        while not text.endswith(b"\n"):
            part, given, _, _ = socket.recv_fds(connection, LONGEST, 2)
            text, outputs = text + part, outputs + given
            if not part:  # it has gone
                connection.close()
                break
        request: dict[str, Any] = json.loads(text) if text.endswith(b"\n") else {}
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        pid = os.fork() if request else -1
        if pid == 0:
            self._leave(connection, outputs)
            return request
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        for output in outputs:
            os.close(output)
        if request:
            self._children[connection] = Child(pid, connection, request)
            self._selector.register(connection, selectors.EVENT_READ)
            self._answer(connection, pid=pid)
        return None

    def _leave(self, connection: socket.socket, outputs: list[int]) -> None:
        """Turn this copy of the server into a process that knows nothing of it."""
        signal.set_wakeup_fd(-1)
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        self._selector.close()
        for open_one in (self._listener, connection, *self._children):
            open_one.close()
        for descriptor, place in zip(outputs, (1, 2), strict=True):
            os.dup2(descriptor, place)
        for descriptor in (*outputs, *self._inherited, self._waker, self._wake):
            os.close(descriptor)

    def _listen(self, connection: socket.socket) -> None:
        """Do what the owner of a child asks for; the end of the connection asks for the end of the child."""
        child = self._children.get(connection)
        try:
            text = connection.recv(LONGEST)
        except OSError:
            text = b""
        if not text:
            self._selector.unregister(connection)
            if child:
                child.finish()
        for line in text.splitlines():
            if child:
                child.signal(json.loads(line)["signal"])

    def _reap(self) -> None:
        for connection, child in list(self._children.items()):
            code = child.ended()
            if code is not None:
                self._answer(connection, code=code)
                del self._children[connection]
                with contextlib.suppress(KeyError):
                    self._selector.unregister(connection)
                connection.close()

    def _answer(self, connection: socket.socket, **message: int) -> None:
        with contextlib.suppress(OSError):  # nobody reads it any more
            connection.sendall(json.dumps(message).encode() + b"\n")


def descriptors() -> list[int]:
    """The open descriptors beyond those of input, output and errors."""
    listed = [int(name) for name in os.listdir("/dev/fd") if int(name) > 2]  # noqa: PTH208 (plain numbers)
    return [descriptor for descriptor in listed if _open(descriptor)]


def _open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:  # it was that of the listing
        return False
    return True


def begin(request: dict[str, Any]) -> None:
    """Run the module as ``python -m`` does; its end is that of the process."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv[:] = [request["module"], *request["arguments"]]
    sys.orig_argv[:] = [sys.executable, "-m", *sys.argv]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def main() -> None:
    """Load, and serve."""
    address, *modules = sys.argv[1:]
    inherited = descriptors()
    sys.path[0] = os.getcwd()  # noqa: PTH109 (as python -m has it)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    Path(f"{address}.new").rename(address)  # whoever sees the address may connect
    server = Server(listener, inherited)
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # so that no child copies it to mark it
    if request := server.serve():
        del server, listener
        begin(request)


if __name__ == "__main__":
    main()
