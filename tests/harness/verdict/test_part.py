"""Shards are merged only where they are all of one run; what is missing, double or foreign is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gate.core.errors import GateError
from gate.core.rerun import RunOptions
from gate.verdict.part import NAME, Part, read, together

CONDITIONS = {"commit": "0a1b2c", "depth": "ci", "seed": "0", "target": "embedded"}


def part(shard: str, **conditions: str) -> Part:
    return Part(shard=shard, conditions={**CONDITIONS, **conditions}, options=RunOptions({"depth": "ci"}))


WHOLE = [part("2/3"), part("1/3"), part("3/3")]
REFUSED: dict[str, tuple[list[Part], str]] = {
    "missing": (WHOLE[:2], "Of 3 shards 1 are missing: 3/3."),
    "double": ([*WHOLE, part("2/3")], "Shard 2/3 is there 2 times: r0, r3."),
    "other commit": ([*WHOLE[:2], part("3/3", commit="ffff")], "its commit is ffff, not 0a1b2c."),
    "other seed": ([*WHOLE[:2], part("3/3", seed="5")], "its seed is 5, not 0."),
    "other depth": ([*WHOLE[:2], part("3/3", depth="full")], "its depth is full, not ci."),
    "other target": ([*WHOLE[:2], part("3/3", target="remote")], "its target is remote, not embedded."),
    "other number": ([*WHOLE, part("4/4")], "its number of shards is 4, not 3."),
    "further condition": ([*WHOLE[:2], part("3/3", budget="60")], "its budget is 60, not empty."),
}


@pytest.mark.parametrize(("parts", "sentence"), REFUSED.values(), ids=REFUSED)
def test_shard_that_does_not_belong_to_the_run_is_named(parts: list[Part], sentence: str) -> None:
    with pytest.raises(GateError) as refusal:
        together([(Path(f"r{number}"), each) for number, each in enumerate(parts)])
    assert refusal.value.message.endswith(sentence)


def test_shards_come_in_their_order() -> None:
    parts = [(Path(each.shard.replace("/", "-")), each) for each in WHOLE]
    assert list(map(str, together(parts))) == ["1-3", "2-3", "3-3"]


def test_part_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(WHOLE[0].text(), encoding="utf-8")
    assert read(tmp_path) == WHOLE[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [('"depth": "ci"', '"depth": "full"'), ('"stopped": ""', '"stopped": "x"'), ('"tests": []', '"tests": ["a"]')],
)
def test_part_that_was_changed_is_refused(tmp_path: Path, old: str, new: str) -> None:
    text = WHOLE[0].text()
    assert old in text
    (tmp_path / NAME).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(GateError, match="is not as its run wrote it"):
        read(tmp_path)


def test_checksum_is_that_of_the_text_without_secrets(tmp_path: Path) -> None:
    secret = part("1/3", image="user:secret@registry")
    (tmp_path / NAME).write_text(secret.text(lambda text: text.replace("secret", "***")), encoding="utf-8")
    assert read(tmp_path).conditions["image"] == "user:***@registry"


@pytest.mark.parametrize(
    ("text", "sentence"), [(None, "or did not come to its end"), ("{}", "cannot be read"), ("[]", "cannot be read")]
)
def test_report_directory_without_a_part_is_named(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text:
        (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(GateError, match=sentence):
        read(tmp_path)
