"""Shortages of this process: of memory, files or ports. They are no fault of whoever it talks to, and pass."""

import errno
import socket
from typing import Final

_OWN: Final = frozenset(
    {errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL, socket.EAI_MEMORY}
)
"""Numbers of errors that say so; of those of the resolver, EAI_MEMORY."""


def is_shortage(error: BaseException) -> bool:
    """Return whether this process could not do something for want of memory, files or ports."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _OWN)
