"""Everything that can be configured, read once from the environment.

Each field's title says what its variable is for, and its description what it has to hold: a refused value is answered
with that.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

EXIT_CONFIGURATION: Final = 2
_REPOSITORY: Final = Path(__file__).resolve().parent.parent
_LOCAL_ORIGINS: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"


def _rate_limit(value: str) -> str:
    if value.strip():
        from limits import parse_many  # noqa: PLC0415 - its import is slow, and migrate has no use for it

        parse_many(value)
    return value.strip()


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(str(error)) from error
    return value


class DatabaseSettings(BaseSettings):
    """Settings of a command that only talks to the database."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    database_url: str = Field(
        validation_alias="DATABASE_URL",
        title="address of the database",
        pattern=r"^postgres(ql)?://.+",
        description="a PostgreSQL URL such as postgresql://user:password@host:5432/name",
    )
    database_pool: int = Field(
        10,
        validation_alias="RUNNER_DATABASE_POOL",
        title="connections to Postgres",
        ge=2,
        le=1000,
        description="a whole number from 2 to 1000",
    )
    database_timeout_seconds: float = Field(
        4.0,
        validation_alias="RUNNER_DATABASE_TIMEOUT_SECONDS",
        title="how long Postgres may take for a statement of the service or a worker",
        gt=0,
        le=3600,
        description="a number of seconds above 0 and up to 3600",
    )
    log_level: Annotated[str, AfterValidator(str.lower)] = Field(
        "info",
        validation_alias="RUNNER_LOG_LEVEL",
        title="least severe lines of the log",
        pattern=r"^(?i:debug|info|warning|error|critical)$",
        description="one of debug, info, warning, error, critical",
    )


class Settings(DatabaseSettings):
    """Settings of the service and its workers. Times are in seconds."""

    router_url: str = Field(
        validation_alias="ROUTER_URL",
        title="address of the inference router",
        pattern=r"^https?://[^/\s]+",
        description="the inference router's base URL such as http://127.0.0.1:8000",
    )
    port: int = Field(
        8090,
        validation_alias="PORT",
        title="port to listen on; 0 takes any free port",
        ge=0,
        le=65535,
        description="a port number from 0 (any free port) to 65535",
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias="RUNNER_HOST",
        title="address to listen on",
        min_length=1,
        description="an address to listen on",
    )
    require_signature: bool = Field(
        False, validation_alias="RUNNER_REQUIRE_SIGNATURE", title="refuse unsigned jobs", description="true or false"
    )
    rate_limit: Annotated[str, AfterValidator(_rate_limit)] = Field(
        "600/minute",
        validation_alias="RUNNER_RATE_LIMIT",
        title="submissions of each client; empty for no limit",
        description="submissions for each client such as 600/minute, or empty for no limit",
    )
    trusted_proxies: str = Field(
        "none",
        validation_alias="RUNNER_TRUSTED_PROXIES",
        title="addresses of proxies that may name the client of a request in X-Forwarded-For",
        description="addresses or networks separated by commas, such as 127.0.0.1,10.0.0.0/8, or none",
    )
    cors_origin_regex: Annotated[str, AfterValidator(_regex)] = Field(
        _LOCAL_ORIGINS,
        validation_alias="RUNNER_CORS_ORIGIN_REGEX",
        title="regular expression for the browser origins that are allowed",
        description="a regular expression that matches the whole of each allowed browser origin",
    )
    jobs_parallel: int = Field(
        8,
        validation_alias="RUNNER_JOBS_PARALLEL",
        title="jobs that a process works on at the same time",
        ge=1,
        le=1000,
        description="a whole number from 1 to 1000",
    )
    executions_parallel: int = Field(
        16,
        validation_alias="RUNNER_EXECUTIONS_PARALLEL",
        title="executions at the same time",
        ge=1,
        le=1000,
        description="a whole number from 1 to 1000",
    )
    router_timeout_seconds: float = Field(
        300.0,
        validation_alias="RUNNER_ROUTER_TIMEOUT_SECONDS",
        title="how long a call to the router may take",
        gt=0,
        le=86400,
        description="a number of seconds above 0 and up to 86400",
    )
    heartbeat_seconds: float = Field(
        2.0,
        validation_alias="RUNNER_HEARTBEAT_SECONDS",
        title="how long a worker may be silent before another worker takes over its jobs",
        gt=0,
        le=3600,
        description="a number of seconds above 0 and up to 3600",
    )
    openapi_path: Path = Field(
        _REPOSITORY / "contracts" / "openapi" / "runner.yaml",
        validation_alias="RUNNER_OPENAPI_PATH",
        title="the published document",
        description="the path of the published OpenAPI document",
    )
    embedded_worker: bool = Field(
        True,
        validation_alias="RUNNER_EMBEDDED_WORKER",
        title="work on jobs in the process that serves",
        description="true or false",
    )


AnySettings = TypeVar("AnySettings", bound=DatabaseSettings)


def load() -> Settings:
    """The settings of the service; see `load_as`."""
    return load_as(Settings)


def load_as(kind: type[AnySettings]) -> AnySettings:
    """The settings a command needs; each missing or bad variable is one sentence, and the exit code is 2."""
    try:
        return kind()
    except ValidationError as error:
        refuse("\n".join(_sentences(kind, error)), EXIT_CONFIGURATION)


def _sentences(kind: type[DatabaseSettings], error: ValidationError) -> Iterator[str]:
    fields = {name: field for attribute, field in kind.model_fields.items() for name in (attribute, _variable(field))}
    for fault in error.errors(include_url=False, include_context=False):
        variable = str(fault["loc"][0]) if fault["loc"] else "environment"
        state = "is not set" if fault["type"] == "missing" else "has a value that cannot be used"
        expected = fields[variable].description if variable in fields else fault["msg"]
        yield f"{variable} {state}: expected {expected}."


def table(kind: type[DatabaseSettings]) -> list[tuple[str, str, str]]:
    """The variable, the default and the purpose of each setting."""
    return [(_variable(field), _default(field), field.title or "") for field in kind.model_fields.values()]


def _variable(field: FieldInfo) -> str:
    return str(field.validation_alias)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default == _LOCAL_ORIGINS:
        return "localhost"
    if isinstance(field.default, Path):
        return str(field.default.relative_to(_REPOSITORY))
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default).lower()


def refuse(sentence: str, code: int) -> NoReturn:
    """End the process with one sentence, or one on each line, on standard error."""
    sys.stderr.write("".join(f"runner: {line}\n" for line in sentence.splitlines()))
    raise SystemExit(code)
