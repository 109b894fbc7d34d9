"""Each topic says for each part of the runner which promises hold, or why none does; the page shows the same table."""

from __future__ import annotations

import tomllib

from beacon.checkout import ROOT
from beacon.pack import pack
from gate.contract.ledger import load

TABLE = tomllib.loads((ROOT / "contracts" / "topics.toml").read_text(encoding="utf-8"))
PAGE = ROOT / "docs" / "promises-by-topic.md"


def test_each_topic_names_promises_or_a_reason_for_each_part() -> None:
    promises = load(pack().ledger)
    for topic, cells in TABLE["topics"].items():
        assert list(cells) == TABLE["parts"], topic
        for cell in cells.values():
            assert set(cell) <= promises.keys() if isinstance(cell, list) else len(cell) > 10, topic


def test_page_shows_the_table() -> None:
    lines = [f"| topic | {' | '.join(TABLE['parts'])} |", "|" + "---|" * (len(TABLE["parts"]) + 1)]
    for topic, cells in TABLE["topics"].items():
        texts = (", ".join(f"`{name}`" for name in cell) if isinstance(cell, list) else cell for cell in cells.values())
        lines.append(f"| {topic} | {' | '.join(texts)} |")
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8")
