"""Logs: one JSON object a line on standard output, the lines of libraries included."""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Final

_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment] # says "not installed"
import structlog  # noqa: E402 - it imports rich where it can, for a console's colours, and takes six times as long

del sys.modules["rich"]
if _rich is not None:
    sys.modules["rich"] = _rich

_LEVELS: Final = logging.getLevelNamesMapping()

_SHARED: Final[list[structlog.typing.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def configure(level: str) -> None:
    """Send every log line of this process to standard output.

    Args:
        level: debug, info, warning, error or critical, in any case.

    """
    threshold = _LEVELS[level.upper()]
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        # Line and line feed in one write, so that processes can share the output.
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.WARNING))


def bind(**values: Any) -> Mapping[str, Any]:
    """Put values such as request_id and job_id on every further line of the current task.

    Returns:
        What `unbind` needs to restore the values of before.

    """
    return structlog.contextvars.bind_contextvars(**values)


def unbind(*names: str) -> None:
    """Take the named values off the further lines of the current task."""
    structlog.contextvars.unbind_contextvars(*names)


def get(name: str) -> Any:
    """A logger with `debug`, `info`, `warning`, `error` and `exception`; the event comes first, then named values."""
    return structlog.get_logger(module=name)
