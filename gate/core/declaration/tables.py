"""A model for each table of a declaration; the docstrings of the members are their documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gate.core.declaration.places import OF_DATABASE, OF_PROCESS, revealed, unknown


def _fits(places: tuple[str, ...]) -> AfterValidator:
    def check(text: str) -> str:
        if reason := unknown(text, places):
            raise ValueError(f"expected {reason}")
        return text

    return AfterValidator(check)


def _reason(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a reason in words")
    return text


def _path(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"expected a path that begins with /, not {text!r}")
    return text


def _address(text: str) -> str:
    if text.startswith("env:"):
        return text
    try:
        parts = urlsplit(text)
        usable = bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("expected an address, or env:NAME for one that the variable NAME holds")
    if parts.password is not None or "password=" in parts.query:
        raise ValueError("expected env:NAME: a password has no place in a file, so a variable NAME holds the address")
    return text


def _column(text: str) -> str:
    if text.count(".") != 1 or not all(text.split(".")):
        raise ValueError(f"expected table.column, as in users.email, not {text!r}")
    return text


Process = Annotated[str, _fits(OF_PROCESS)]
Leading = Annotated[str, _fits(OF_DATABASE)]
Reason = Annotated[str, AfterValidator(_reason)]
Address = Annotated[str, AfterValidator(_address)]
UrlPath = Annotated[str, AfterValidator(_path)]
Column = Annotated[str, AfterValidator(_column)]


class Table(BaseModel):
    """A table of the file; a member that it does not know is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=False, use_attribute_docstrings=True, populate_by_name=True
    )


class ServiceTable(Table):
    """``[service]``: how the service is started or reached, and when it is ready."""

    start: Process = ""
    """the command that starts it, as a shell would split it; {port} is the port to serve on"""
    image: str = ""
    """instead: an image that holds it, of which containers are started; ``start`` is then a command in it, if needed"""
    image_port: int = Field(8080, gt=0, lt=65536)
    """with ``image``: the port that it serves on in its container; {port} stands for it, and PORT holds it"""
    base_url: Address = ""
    """instead of ``start``: the address of a service that runs already, which is neither started nor ended"""
    database_url: Address = ""
    """with ``base_url``: its database, as postgresql://... or env:NAME; without it, answers alone are judged"""
    writes: bool = False
    """with ``base_url``: also create there, and change and delete what the run itself created; else only GET is sent"""
    env: Mapping[str, Process] = Field(default_factory=dict)
    """variables of its environment; env:NAME takes a value from a variable of the gate's own environment"""
    database_env: Mapping[str, Leading] = Field(default_factory=dict)
    """variables that lead it to its database, as NAME = "postgresql://{user}@{host}:{port}/{name}" """
    directory: str = "."
    """the folder in which its commands run"""
    migrate: Process = ""
    """a command that makes the schema, where starting the service does not"""
    migrations: tuple[str, ...] = ()
    """files that the schema depends on, as patterns: where one changes, the database is made anew"""
    ready: UrlPath = ""
    """a path that answers 2xx once the service is ready; without it, any answer will do"""
    ready_seconds: float = Field(120.0, gt=0, le=3600)
    """seconds that it may take to be ready"""
    openapi: str = "/openapi.json"
    """the OpenAPI document: a path on the service, or a file"""
    base: UrlPath | None = None
    """what stands before each path of the document; without it, the path of the document's first server"""
    postgres: str = ""
    """another Postgres than the gate's own: a folder with its programs, or a URL that may create databases; with
    ``image`` the name of an image"""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.start or self.image) == bool(self.base_url):
            raise ValueError("expected one of start, image and base_url")
        if self.image and "://" in self.postgres:
            raise ValueError("expected the name of an image of Postgres in postgres, which image needs beside it")
        if self.database_url and not self.base_url:
            raise ValueError("expected base_url with database_url: a service that is started gets one of its own")
        if self.writes and not self.base_url:
            raise ValueError("expected base_url with writes: a service that is started gets all requests")
        if not self.base_url and not self.database_env and not self._names_database():
            raise ValueError(
                'expected a variable in database_env that leads to the database, as DATABASE_URL = "{url}"'
            )
        return self

    def _names_database(self) -> bool:
        return any("{database_" in text for text in (self.start, self.migrate, *self.env.values()))


class SideService(Table):
    """``[services.NAME]``: a server that the service needs, started beside it or reached at an address."""

    start: Process = ""
    """the command that starts it, with the service's environment; {port} is a port of its own"""
    address: str = ""
    """instead of ``start``: where it runs already"""
    ready: UrlPath = ""
    """a path that answers 2xx once it is ready; without it, its port takes connections"""
    env: Mapping[str, Annotated[str, _fits(("port", "address"))]] = Field(default_factory=dict)
    """variables that lead the service to it, as REDIS_URL = "redis://127.0.0.1:{port}/0" """

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.start) == bool(self.address):
            raise ValueError("expected either start or address")
        if self.address and any("{port}" in text for text in self.env.values()):
            raise ValueError("expected {address} in env, not {port}, which a command has")
        return self


class FuzzTable(Table):
    """``[fuzz]``: what requests are sent."""

    headers: Mapping[str, str] = Field(default_factory=dict)
    """headers of each request, as Authorization = "env:TOKEN" """
    query: Mapping[str, str] = Field(default_factory=dict)
    """parameters of the query of each request, as api_key = "env:KEY" """
    drop: tuple[str, ...] = ()
    """headers of the document that are never sent, since the service refuses whatever is generated for them"""
    skip: Mapping[str, Reason] = Field(default_factory=dict)
    """operations that are left out: a regular expression that is searched in "METHOD /path", and the reason"""

    @model_validator(mode="after")
    def _expressions(self) -> Self:
        for pattern in self.skip:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"expected a regular expression, not {pattern!r}: {error}") from error
        return self

    def sent_headers(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The headers with their values from the environment; UsageError where a variable is not set."""
        return {name: revealed(value, f"fuzz.headers.{name}", environment) for name, value in self.headers.items()}

    def sent_query(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The parameters with their values from the environment; UsageError where a variable is not set."""
        return {name: revealed(value, f"fuzz.query.{name}", environment) for name, value in self.query.items()}

    def reason_to_skip(self, operation: str) -> str:
        """The reason why an operation, as ``METHOD /path``, is left out; empty where it is not."""
        return next((reason for pattern, reason in self.skip.items() if re.search(pattern, operation)), "")

    def unused_patterns(self, operations: Iterable[str]) -> list[str]:
        """Patterns of ``skip`` that match no operation of the document."""
        known = list(operations)
        return [pattern for pattern in self.skip if not any(re.search(pattern, each) for each in known)]


class Resource(Table):
    """A kind of thing that the API creates, and where its rows are."""

    table: str
    """the table with a row for each"""
    key: str = "id"
    """the column that tells them apart"""
    member: str = ""
    """the member of an answer with the key; without it, the one of the column's name"""


class RowsTable(Table):
    """``[rows]``: what is known of the tables."""

    late: tuple[str, ...] = ()
    """tables, or table.column, that the service writes by itself, or some time after a request"""
    resources: Mapping[str, Resource] = Field(default_factory=dict)
    """resources by the path of their collection in the document"""
    models: Mapping[str, str] = Field(default_factory=dict)
    """the schema of a table's rows, as flow_run = "#/components/schemas/FlowRun" """
    computed: tuple[Column, ...] = ()
    """columns that the service computes: they need not be what was sent"""
    encrypted: tuple[Column, ...] = ()
    """columns that are encrypted at rest"""
    soft_deletes: Mapping[str, str] = Field(default_factory=dict)
    """for tables that keep deleted rows, the SQL condition that is true for those"""


class StoredException(Table):
    """``[[stored]]``: members of a request that are stored otherwise than they are sent."""

    operation: str
    """as METHOD /path of the document"""
    members: tuple[str, ...] = Field(alias="except", min_length=1)
    reason: Reason


class IdempotencyTable(Table):
    """``[idempotency]``: the key that makes a request safe to repeat."""

    header: str = ""
    """the header with the key"""
    member: str = ""
    """instead: the member of the body with the key"""
    operations: tuple[str, ...] = ()
    """as METHOD /path; without it, every POST that documents the key"""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.header) == bool(self.member):
            raise ValueError("expected either header or member")
        return self


class Accepted(Table):
    """``[[accepted]]``: a candidate that somebody looked at, and that counts as a finding from now on."""

    code: str
    """the code of the finding"""
    where: str
    """its place, as the report names it"""
    reason: Reason
