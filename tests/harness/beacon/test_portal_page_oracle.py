"""The oracle of the portal's page: a page that says what the rows say, and each kind of contradiction."""

from __future__ import annotations

from typing import Any

import pytest

from beacon.oracles.portal_page import page
from beacon.rows import JobRows

PLACES = {region: ("q", "m", region) for region in ("US", "EU", "ASIA")}


def execution(region: str, status: str = "completed", text: str = "", **columns: Any) -> dict[str, Any]:
    return {
        "region": region,
        "model_id": "m",
        "question_id": "q",
        "status": status,
        "is_content_refusal": False,
        "output_data": {"response": text},
        **columns,
    }


def difference(dimension: str, **variations: str) -> dict[str, Any]:
    return {"question_id": "q", "dimension": dimension, "variations": variations}


def rows(*executions: dict[str, Any], differences: list[dict[str, Any]] | None = None) -> JobRows:
    analysis = {"recommendation": "MEDIUM RISK", "key_differences": differences or []}
    return JobRows(executions=list(executions), analysis=analysis)


ROWS = rows(execution("US", text="a"), execution("EU", "timeout"), execution("ASIA", text="b"))
DISPLAYED = {
    "level": "MEDIUM RISK",
    "gaps": [("EU", "")],
    "differing": "No key differences in 1 question.",
    "cells": {PLACES["US"]: "similar", PLACES["EU"]: "failed", PLACES["ASIA"]: "similar"},
}
CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "level": {"level": "LOW RISK"},
    "what is missing": {"gaps": []},
    "cell q m EU": {"cells": {**DISPLAYED["cells"], PLACES["EU"]: "similar"}},  # type: ignore[dict-item] # cells is a dict
}


def test_page_that_says_what_the_rows_say_has_no_finding() -> None:
    assert list(page(DISPLAYED, ROWS)) == []


@pytest.mark.parametrize("place", CONTRADICTIONS)
def test_contradiction_is_found_with_its_place(place: str) -> None:
    (finding,) = page({**DISPLAYED, **CONTRADICTIONS[place]}, ROWS)
    assert (finding.code, finding.where) == ("BG-PORTAL-007", place)


def test_number_of_differing_questions_is_compared() -> None:
    tone = difference("tone_sentiment", US="neutral (0)", ASIA="negative (-1)")
    stored = rows(execution("US", text="a"), execution("ASIA", text="b"), differences=[tone])
    cells = dict.fromkeys((PLACES["US"], PLACES["ASIA"]), "differs")
    displayed = {**DISPLAYED, "gaps": [], "cells": cells}
    assert [finding.where for finding in page(displayed, stored)] == ["differing questions"]
    assert list(page({**displayed, "differing": "Answers differ in 1 of 1 question."}, stored)) == []


DIFFERENCES = {
    "content": (
        difference(
            "factual_accuracy",
            comparison_1="ASIA vs EU: 0.10 similarity",
            comparison_2="ASIA vs US: 0.10 similarity",
            comparison_3="EU vs US: 0.60 similarity",
        ),
        {"ASIA"},
    ),
    "tone": (difference("tone_sentiment", ASIA="negative (-1)", EU="neutral (0)", US="neutral (0)"), {"ASIA"}),
    "stance": (
        difference(
            "political_stance_protest",
            variation_1="ASIA: 0 keywords",
            variation_2="EU: 2 keywords",
            variation_3="US: 4 keywords",
        ),
        {"ASIA", "EU", "US"},
    ),
    "refusal": (difference("censorship", censored="EU", uncensored="ASIA, US"), {"EU"}),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_region_differs_where_it_has_a_part_in_a_difference(name: str) -> None:
    entry, regions = DIFFERENCES[name]
    stored = rows(*(execution(region, text=region) for region in PLACES), differences=[entry])
    cells = {place: "differs" if region in regions else "similar" for region, place in PLACES.items()}
    displayed = {**DISPLAYED, "gaps": [], "differing": "Answers differ in 1 of 1 question.", "cells": cells}
    assert list(page(displayed, stored)) == []


def test_states_without_a_comparison() -> None:
    stored = rows(execution("US", text="a"), execution("EU", "cancelled"), execution("ASIA", is_content_refusal=True))
    cells = {PLACES["US"]: "answered", PLACES["EU"]: "missing", PLACES["ASIA"]: "refused"}
    assert list(page({**DISPLAYED, "gaps": [("ASIA", "m"), ("EU", "")], "cells": cells}, stored)) == []
