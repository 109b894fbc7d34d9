"""A run without a way out of the machine: in a network namespace of its own, else behind a proxy that refuses.

``isolate`` has to come before the process has a second thread, and what it starts afterwards is where it is.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "GATE_ISOLATION"
"""Variable by which the processes of a run know how it is kept from the network: namespace, proxy, or open."""
NAMESPACE, PROXY, OPEN, ELSEWHERE, WRITTEN = "namespace", "proxy", "open", "elsewhere", "written"
REFUSING = "http://127.0.0.1:9"
"""The discard port of this machine, where nothing answers."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1


def isolate(*, network: bool, near: str = "") -> str:
    """Takes the way out from this process and what it starts; returns a sentence on how, empty where it is whole.

    ``network`` leaves everything as it is. ``near`` names a server on this machine's own network that the run needs,
    which a namespace would hide.
    """
    if os.environ.get(VARIABLE) in {NAMESPACE, OPEN}:
        return ""
    if network:
        os.environ[VARIABLE] = OPEN
        return "The service can reach the network (--network)."
    reason = f"{near} is outside of one" if near else obstacle() or _enter()
    os.environ[VARIABLE] = PROXY if reason else NAMESPACE
    return behind_a_proxy(f"a network namespace ({reason})") if reason else ""


def behind_a_proxy(lacking: str) -> str:
    """A sentence on a run for which something is lacking that would keep it from the network."""
    return (
        f"The service may reach the network: without {lacking} only a proxy that refuses stands in its way, which "
        "programs need not use."
    )


def elsewhere(*, writes: bool = False) -> None:
    """Notes that the service runs elsewhere, so that nothing of this machine leads it to the network."""
    os.environ[VARIABLE] = WRITTEN if writes else ELSEWHERE


def remark(environment: Mapping[str, str]) -> str:
    """A sentence for the report of a run whose service had a way out; empty for any other."""
    return {
        ELSEWHERE: "The service runs elsewhere: only GET was sent, and findings are what is certain beside others.",
        WRITTEN: "The service runs elsewhere, and service.writes allows requests that write: the run changed what it "
        "created itself, and findings are what is certain beside others.",
        OPEN: "The service could reach the network, as --network allows.",
        PROXY: "Without a network namespace, only a proxy that refuses kept the service from the network.",
    }.get(environment.get(VARIABLE, ""), "")


def refusing_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables for a process that has to be behind the proxy; none where the run is in a namespace, or open."""
    return dict.fromkeys(PROXIES, REFUSING) if environment.get(VARIABLE) == PROXY else {}


def obstacle() -> str:
    """The reason why a process cannot move into a network of its own; empty where it can. Nothing is changed."""
    reading, writing = os.pipe()  # a child tries: a process that tried in vain could not go back
    child = os.fork()
    if not child:
        os.write(writing, _enter().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        reason = pipe.read()
    return reason if os.waitpid(child, 0)[1] == 0 else "the attempt failed"


def _enter() -> str:
    """Moves this process into a network of its own; returns the reason where it cannot."""
    if sys.platform != "linux":
        return "this system has none"
    user, group = os.geteuid(), os.getegid()
    library = ctypes.CDLL(None, use_errno=True)
    flags = _NEW_NETWORK if user == 0 else _NEW_NETWORK | _NEW_USER
    if library.unshare(flags) != 0 and (user != 0 or library.unshare(flags | _NEW_USER) != 0):
        return os.strerror(ctypes.get_errno()).lower()
    try:
        if user != 0:
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        _raise_loopback()
    except OSError as error:
        return str(error.strerror).lower()
    return ""


def _raise_loopback() -> None:
    """Brings the loopback device up, which a new network has down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, _GET_FLAGS, request))[1]
        fcntl.ioctl(probe, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))
