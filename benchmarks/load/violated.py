"""``python -m benchmarks.load.violated NAME COMMAND``: the runner's command line with a fault of violations.toml.

Exit code 70 when what it changes is no longer there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from benchmarks.defects.patches import edited
from benchmarks.defects.patches.patching import PatchError
from benchmarks.defects.violation import EditedFile, Violation
from gate.core.documents import load_toml

VIOLATED = "python -m benchmarks.load.violated"
EXIT_PATCH = 70


class Seeded(EditedFile):
    """A fault of the runner, the run that has to find it, and the codes of which it must report one."""

    title: str
    run: str
    codes: tuple[str, ...]
    also: tuple[EditedFile, ...] = ()

    def violation(self, name: str) -> Violation:
        """The fault as what the loader of edited texts takes."""
        members = {"file": self.file, "edits": self.edits, "also": self.also, "title": self.title}
        return Violation(id=name, topic="load", first=self.codes, **members)


@cache
def seeded() -> Mapping[str, Seeded]:
    """Every fault by its name; raises DocumentError."""
    path = Path(__file__).with_name("violations.toml")
    return load_toml(path, dict[str, Seeded], "tables of title, file, edits, run and codes", "violations")


def main(words: Sequence[str]) -> None:
    """Put in the fault that the first word names, and run the command of the others."""
    try:
        edited.put([seeded()[words[0]].violation(words[0])])
    except (PatchError, KeyError) as error:
        sys.stderr.write(f"the fault cannot be put in: {error}\n")
        sys.exit(EXIT_PATCH)
    from runner.cli import app  # noqa: PLC0415 (not before the patch)

    app(list(words[1:]), prog_name="python -m runner")


if __name__ == "__main__":
    main(sys.argv[1:])
