"""Everything that can be configured, read once from the environment.

Each field's description says what its variable has to hold; it is what a refused value is answered with.
"""

import re
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

from pydantic import AfterValidator, Field, ValidationError
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
        pattern=r"^postgres(ql)?://.+",
        description="a PostgreSQL URL such as postgresql://user:password@host:5432/name",
    )
    database_pool: int = Field(
        10, validation_alias="RUNNER_DATABASE_POOL", ge=2, le=1000, description="a whole number from 2 to 1000"
    )
    log_level: Annotated[str, AfterValidator(str.lower)] = Field(
        "info",
        validation_alias="RUNNER_LOG_LEVEL",
        pattern=r"^(?i:debug|info|warning|error|critical)$",
        description="one of debug, info, warning, error, critical",
    )


class Settings(DatabaseSettings):
    """Settings of the service and its workers. Times are in seconds."""

    router_url: str = Field(
        validation_alias="ROUTER_URL",
        pattern=r"^https?://[^/\s]+",
        description="the inference router's base URL such as http://127.0.0.1:8000",
    )
    port: int = Field(
        8090, validation_alias="PORT", ge=0, le=65535, description="a port number from 0 (any free port) to 65535"
    )
    host: str = Field("127.0.0.1", validation_alias="RUNNER_HOST", min_length=1, description="an address to listen on")
    require_signature: bool = Field(False, validation_alias="RUNNER_REQUIRE_SIGNATURE", description="true or false")
    rate_limit: Annotated[str, AfterValidator(_rate_limit)] = Field(
        "600/minute",
        validation_alias="RUNNER_RATE_LIMIT",
        description="submissions for each client such as 600/minute, or empty for no limit",
    )
    cors_origin_regex: Annotated[str, AfterValidator(_regex)] = Field(
        _LOCAL_ORIGINS,
        validation_alias="RUNNER_CORS_ORIGIN_REGEX",
        description="a regular expression that matches the whole of each allowed browser origin",
    )
    jobs_parallel: int = Field(
        8, validation_alias="RUNNER_JOBS_PARALLEL", ge=1, le=1000, description="a whole number from 1 to 1000"
    )
    executions_parallel: int = Field(
        16, validation_alias="RUNNER_EXECUTIONS_PARALLEL", ge=1, le=1000, description="a whole number from 1 to 1000"
    )
    router_timeout_seconds: float = Field(
        300.0,
        validation_alias="RUNNER_ROUTER_TIMEOUT_SECONDS",
        gt=0,
        le=86400,
        description="a number of seconds above 0 and up to 86400",
    )
    heartbeat_seconds: float = Field(
        2.0,
        validation_alias="RUNNER_HEARTBEAT_SECONDS",
        gt=0,
        le=3600,
        description="a number of seconds above 0 and up to 3600",
    )
    openapi_path: Path = Field(
        _REPOSITORY / "contracts" / "openapi" / "runner.yaml",
        validation_alias="RUNNER_OPENAPI_PATH",
        description="the path of the published OpenAPI document",
    )
    embedded_worker: bool = Field(True, validation_alias="RUNNER_EMBEDDED_WORKER", description="true or false")


AnySettings = TypeVar("AnySettings", bound=DatabaseSettings)


def load() -> Settings:
    """The settings of the service; a missing or bad variable ends the process with one sentence and exit code 2."""
    return load_as(Settings)


def load_as(kind: type[AnySettings]) -> AnySettings:
    """The settings a command needs; a missing or bad variable ends the process with one sentence and exit code 2."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        variable = str(first["loc"][0]) if first["loc"] else "environment"
        expected = next(
            (
                field.description
                for name, field in kind.model_fields.items()
                if variable in (name, field.validation_alias)
            ),
            first["msg"],
        )
        state = "is not set" if first["type"] == "missing" else "has a value that cannot be used"
        refuse(f"{variable} {state}: expected {expected}.", EXIT_CONFIGURATION)


def refuse(sentence: str, code: int) -> NoReturn:
    """End the process with one sentence on standard error."""
    sys.stderr.write(f"runner: {sentence}\n")
    raise SystemExit(code)
