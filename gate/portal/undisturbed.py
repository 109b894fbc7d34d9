#!/usr/bin/env python3
"""Starts the browser that GATE_BROWSER names, with this program's arguments, deaf to changes of the network.

A Chromium gives up requests (ERR_NETWORK_CHANGED) whenever an interface of the machine comes or goes, as one does with
every container that somebody starts. It learns of them through a netlink socket; one that it cannot open means to it
that nothing ever changes. So a filter (seccomp) refuses that one call, to the browser alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

BROWSER = "GATE_BROWSER"
SOCKET = {"x86_64": 41, "aarch64": 198}
"""Number of the system call ``socket`` by machine; where it is not known the browser is started as it is."""
AF_NETLINK = 16
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2
LOAD, UNLESS_EQUAL, RETURN = 0x20, 0x15, 0x06
CALL, FIRST_ARGUMENT = 0, 16
"""Where the number of a system call and its first argument stand in what a filter sees."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT


class Program(ctypes.Structure):
    """What the kernel takes as a filter."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def deafen(socket_call: int) -> None:
    """Refuses netlink sockets to this process and to all that come of it; without effect where that is not allowed."""
    steps = [
        (LOAD, 0, 0, CALL),
        (UNLESS_EQUAL, 0, 3, socket_call),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (UNLESS_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
        libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0)


if __name__ == "__main__":
    if sys.platform == "linux" and platform.machine() in SOCKET:
        deafen(SOCKET[platform.machine()])
    browser = os.environ[BROWSER]
    os.execv(browser, [browser, *sys.argv[1:]])  # noqa: S606 (the browser takes this process's place; no shell is meant)
