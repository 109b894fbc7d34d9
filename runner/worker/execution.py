"""One execution: a call of the router, and what is stored of it."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from runner.analysis import contains_refusal, score
from runner.worker.router import Answer, Failure

Classification = Literal["content_refusal", "substantive", "unknown"]

_SUBSTANTIVE_LENGTH: Final = 200


def classify(text: str) -> Classification:
    """The class of an answer: a refusal, more than 200 characters, or neither."""
    if contains_refusal(text):
        return "content_refusal"
    return "substantive" if len(text) > _SUBSTANTIVE_LENGTH else "unknown"


def answer_output(answer: Answer, planned_provider: str | None) -> dict[str, Any]:
    """The `output_data` of a completed execution.

    Args:
        answer: the router's.
        planned_provider: stands in when the answer does not say who gave it.

    """
    return {
        "response": answer.text,
        "provider": answer.provider or planned_provider or "",
        "metadata": answer.metadata,
        "bias_score": score(answer.text),
    }


def failure_output(failure: Failure, region: str) -> dict[str, Any]:
    """The `output_data` of an execution without an answer; the store adds the model to `failure`."""
    detail: dict[str, Any] = {
        "stage": "inference",
        "component": "router" if failure.code.startswith("ROUTER_") else "runner",
        "code": failure.code,
        "type": failure.type,
        "region": region,
        "message": failure.message,
        "transient": failure.transient,
    }
    if failure.http_status is not None:
        detail["http_status"] = failure.http_status
    if failure.provider is not None:
        detail["provider"] = failure.provider
    output: dict[str, Any] = {"error": failure.message, "error_code": failure.code, "failure": detail}
    if failure.router_error is not None:
        output["router_error"] = failure.router_error
    return output


def status_of(failure: Failure) -> Literal["failed", "timeout"]:
    """The status of an execution that ended with this failure."""
    return "timeout" if failure.type == "timeout" else "failed"


def no_provider(router_region: str) -> Failure:
    """The failure of executions whose region has no healthy provider; no call is made for them."""
    message = f"the router lists no healthy provider for {router_region}"
    return Failure("ROUTER_NO_PROVIDER", "no_provider", message, transient=True)


def out_of_time(owner: str, seconds: float) -> Failure:
    """The failure of executions that a time limit ended, whether their calls had begun or not."""
    message = f"the time limit of the {owner}, {seconds:g} s, has passed"
    return Failure("ROUTER_TIMEOUT", "timeout", message, transient=True)


def runner_fault(error: BaseException) -> Failure:
    """The failure of executions of a job that the runner could not run because of a fault of its own."""
    while isinstance(error, BaseExceptionGroup):  # of tasks that ran side by side; the first fault ended the others
        error = error.exceptions[0]
    return Failure("RUNNER_ERROR", "runner", f"the runner could not run the job: {type(error).__name__}", False)


def limits_of(spec: Mapping[str, Any]) -> tuple[float, float]:
    """The time limits of a job and of each of its regions in seconds; a limit of 0 or none means the default."""
    constraints = spec.get("constraints") or {}
    return (constraints.get("timeout") or _TIMEOUT_NS) / 1e9, (
        constraints.get("provider_timeout") or _PROVIDER_TIMEOUT_NS
    ) / 1e9


_TIMEOUT_NS: Final = 600_000_000_000
_PROVIDER_TIMEOUT_NS: Final = 300_000_000_000
