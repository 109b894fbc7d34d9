"""The journal keeps every fact whole, whoever writes at the same time, and however a run ends."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gate.core.redaction import Redactor
from gate.verdict.journal import Journal, read


class Slow(io.StringIO):
    """A text file that takes its time, and knows whether it was asked for more meanwhile."""

    inside = 0
    most = 0

    def write(self, text: str) -> int:
        """Lets other threads run in the middle, as a file does that waits for the disk."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        threading.Event().wait(0.002)
        self.inside -= 1
        return super().write(text)


def test_threads_write_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text file that two threads write to at once may lose lines, or have bytes that nobody wrote."""
    slow = Slow()
    monkeypatch.setattr(Path, "open", lambda *_, **__: slow)
    journal = Journal(tmp_path / "gw0.ndjson", Redactor())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.add("fact", number=number), range(40)))
    assert (slow.most, len(slow.getvalue().splitlines())) == (1, 40)


def test_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    """Everything before it still counts."""
    journal = Journal(tmp_path / "gw0.ndjson", Redactor())
    journal.add("fact", number=1)
    journal.close()
    with (tmp_path / "gw0.ndjson").open("a", encoding="utf-8") as file:
        file.write('{"kind": "fa')
    assert [fact["number"] for fact in read(tmp_path)] == [1]
