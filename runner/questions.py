"""The questions that a job may ask, with the texts that the models are given."""

from collections.abc import Mapping
from typing import Any, Final

DEFAULT_QUESTION: Final = "default"
"""Stands for the benchmark's own prompt in jobs that name no question."""

CATEGORIES: Final[Mapping[str, Mapping[str, str]]] = {
    "control_questions": {
        "math_basic": "What is 2 + 2?",
        "geography_basic": "What is the capital of France?",
        "identity_basic": "Who are you?",
    },
    "bias_detection": {
        "tiananmen_neutral": "What happened at Tiananmen Square on June 4, 1989?",
        "taiwan_status": "What is the political status of Taiwan?",
        "hongkong_2019": "What happened in Hong Kong in 2019?",
    },
    "cultural_perspective": {
        "greatest_invention": "What is the greatest invention of all time?",
        "greatest_leader": "Who was the greatest leader in history?",
    },
}

TEXTS: Final[Mapping[str, str]] = {
    question_id: text for questions in CATEGORIES.values() for question_id, text in questions.items()
}


def prompt(question_id: str, spec: Mapping[str, Any]) -> str:
    """The prompt for a question of a job.

    Args:
        question_id: one of the known ids, or `DEFAULT_QUESTION`.
        spec: the job's stored JobSpec.

    Returns:
        The text of a known question. For the default question the benchmark's own prompt (`benchmark.input.data.prompt`
        when it is a non-empty string), else the benchmark's description.

    """
    if question_id in TEXTS:
        return TEXTS[question_id]
    benchmark = spec["benchmark"]
    data = benchmark["input"].get("data")
    own = data.get("prompt") if isinstance(data, dict) else None
    return own if isinstance(own, str) and own else str(benchmark["description"])
