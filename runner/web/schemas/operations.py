"""Shapes of health, questions and errors in responses."""

from typing import Any, Literal

from pydantic import Field

from runner.web.schemas.base import Exact, QuestionId, Text


class Question(Exact):
    """A question with its text."""

    question_id: QuestionId
    question: Text


class Categories(Exact):
    """The questions of each category."""

    control_questions: list[Question]
    bias_detection: list[Question]
    cultural_perspective: list[Question]


class QuestionCatalogue(Exact):
    """All questions by category."""

    categories: Categories


class Service(Exact):
    """Something that the runner needs."""

    name: Literal["database", "queue", "router"]
    status: Literal["healthy", "degraded", "unhealthy"]
    detail: str = Field(default_factory=str)


class Health(Exact):
    """The runner works, perhaps without its router."""

    status: Literal["healthy", "degraded"]
    version: Text
    services: list[Service]


class Unhealthy(Exact):
    """The runner does not work."""

    status: Literal["unhealthy"]
    version: Text
    services: list[Service]


class Liveness(Exact):
    """The process answers."""

    status: Literal["alive"]


class Ready(Exact):
    """Jobs can be accepted."""

    ready: Literal[True]
    services: list[Service]


class NotReady(Exact):
    """Jobs cannot be accepted."""

    ready: Literal[False]
    services: list[Service]


class ErrorBody(Exact):
    """The form of every error."""

    error: Text
    error_code: str = Field(pattern=r"^[a-z_]+(:[a-z_]+)?$")
    details: dict[str, Any] = Field(default_factory=dict)
    request_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")
