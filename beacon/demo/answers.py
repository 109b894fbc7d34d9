"""The answers of the demo's router stand-in, as rules of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from beacon.regions import REGIONS
from beacon.router import MODELS, Answer, Hang, Refusal, Router, Status

LATENCIES = {"US": 0.4, "EU": 0.6, "ASIA": 0.9}
"""Seconds in which a region answers the jobs that a visitor submits."""
OPENINGS = {"llama3.2-1b": "", "mistral-7b": "In short: ", "qwen2.5-1.5b": "To my knowledge: "}
"""The beginning of a model's answers, so that those of one region differ too."""
FAILED, LATE, REFUSED, PENDING = "demo-europe-failed", "demo-partial", "demo-all-refused", "demo-pending"
"""Jobs with answers of their own."""


def texts() -> dict[str, dict[str, str]]:
    """The answer of each region by the prompt; the empty prompt stands for all others."""
    with Path(__file__).with_name("answers.toml").open("rb") as file:
        tables = tomllib.load(file).values()
    return {table["prompt"]: {region: table.get(region, table.get("any")) for region in REGIONS} for table in tables}


def program(router: Router, latencies: dict[str, float] | None = None) -> None:
    """Makes the stand-in answer every question of every region and model; later rules win over earlier ones."""
    for prompt, by_region in sorted(texts().items()):  # the empty prompt first: it matches all
        for region, text in by_region.items():
            latency = (latencies or {}).get(region, 0.0)
            for model in sorted(MODELS):
                answer = Answer(OPENINGS[model] + text, latency)
                router.on(answer, region=region, model=model, prompt=prompt or None)
    router.on(Status(503, {"detail": "all providers of the region are busy"}), job=FAILED, region="EU")
    router.on(Status(500, {"detail": "the model ran out of memory"}), job=LATE, region="ASIA")
    router.on(Refusal(), job=REFUSED)
    router.on(Hang(), job=PENDING, region="ASIA")
