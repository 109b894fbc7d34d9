"""Shapes of health, questions and errors in responses."""

from typing import Any, Literal

from pydantic import Field

from runner.web.schemas.base import Exact, Text


class Question(Exact):
    """A question with its text."""

    question_id: Text
    question: Text


class QuestionCatalogue(Exact):
    """All questions by category."""

    categories: dict[str, list[Question]]


class Service(Exact):
    """Something that the runner needs."""

    name: Literal["database", "queue", "router"]
    status: Literal["healthy", "degraded", "unhealthy"]
    detail: str = Field(default_factory=str)


class Health(Exact):
    """The state of the runner."""

    status: Literal["healthy", "degraded", "unhealthy"]
    version: Text
    services: list[Service]


class Liveness(Exact):
    """The process answers."""

    status: Literal["alive"]


class Readiness(Exact):
    """Whether jobs can be accepted."""

    ready: bool
    services: list[Service]


class ErrorBody(Exact):
    """The form of every error."""

    error: Text
    error_code: str = Field(pattern=r"^[a-z_]+(:[a-z_]+)?$")
    details: dict[str, Any] = Field(default_factory=dict)
    request_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")
