"""Path and query parameters, strictly read."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator, Field
from starlette.convertors import Convertor, register_url_convertor

from runner.spec import RESERVED_ID
from runner.web.errors import ApiError, invalid_parameter, not_found

_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
MAX_INTEGER: Final = 2**31 - 1


class _JobIdConvertor(Convertor[str]):
    """A path segment that can be a job's id: any but the one that is part of another operation's path."""

    regex = rf"(?!{RESERVED_ID}(?:$|/))[^/]+"

    def convert(self, value: str) -> str:
        """The segment as it is."""
        return value

    def to_string(self, value: str) -> str:
        """The segment as it is."""
        return value


register_url_convertor("job_id", _JobIdConvertor())


def decimal(text: Any) -> int:
    """The integer of a plain decimal text.

    Raises:
        ValueError: for any other syntax: white space, signs, leading zeros, fractions, digits of other scripts.

    """
    if not isinstance(text, str):
        return int(text)  # the parameter's default
    if not _DECIMAL.fullmatch(text):
        raise ValueError("has to be a decimal integer")
    return int(text)


def day(text: Any) -> Any:
    """The text of a date of RFC 3339, YYYY-MM-DD.

    Raises:
        ValueError: for any other text, and for a day that no calendar has.

    """
    if isinstance(text, str):
        if not _DAY.fullmatch(text):
            raise ValueError("has to be a date, as in 2025-10-08")
        date.fromisoformat(text)
    return text


Day = Annotated[str, BeforeValidator(day), Field(json_schema_extra={"format": "date"})]
Limit = Annotated[int, Query(ge=1, le=200, description="Page size."), BeforeValidator(decimal)]
Offset = Annotated[int, Query(ge=0, le=MAX_INTEGER, description="Items to skip."), BeforeValidator(decimal)]
JobId = Annotated[str, Path(description="The job's id.")]
ExecutionId = Annotated[str, Path(description="The number of an execution.")]
RunId = Annotated[str, Path(description="The id of a cross-region execution, a UUID.")]


async def given_once(request: Request) -> None:
    """Refuse a query parameter of the operation that is given twice; unknown ones are ignored.

    Raises:
        ApiError: 400 `invalid_parameter`.

    """
    if not request.query_params:
        return
    known = {parameter.alias for parameter in request.scope["route"].dependant.query_params}
    names = [name for name, _ in request.query_params.multi_items() if name in known]
    for name in known:
        if names.count(name) > 1:
            raise invalid_parameter(name, "is given more than once")


ONCE: Final = [Depends(given_once)]
"""The dependency of every operation that has query parameters."""


def run_id(text: str) -> UUID:
    """The UUID of a cross-region execution, in the canonical form of RFC 9562.

    Raises:
        ApiError: 400 `invalid_parameter`.

    """
    if not _UUID.fullmatch(text):
        raise invalid_parameter("cross_region_execution_id", "has to be a UUID")
    return UUID(text)


def execution_number(text: str) -> int:
    """The number of an execution.

    Raises:
        ApiError: 400 `invalid_parameter` when it is no integer from 1 to 2147483647.

    """
    try:
        number = decimal(text)
    except ValueError as error:
        raise invalid_parameter("execution_id", str(error)) from error
    if not 1 <= number <= MAX_INTEGER:
        raise invalid_parameter("execution_id", f"has to be from 1 to {MAX_INTEGER}")
    return number


def unknown_job(job_id: str) -> ApiError:
    """The refusal for a job that does not exist."""
    return not_found("job", f"There is no job {job_id[:100]}.")


def unknown_run(run: UUID) -> ApiError:
    """The refusal for a cross-region execution that does not exist."""
    return not_found("cross_region_execution", f"There is no cross-region execution {run}.")


def utc(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
