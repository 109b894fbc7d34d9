"""``gate stage NAME``: what the gate is asked at each stage of a rollout, as a recipe of options."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from gate.cli.main import run
from gate.core.errors import Exit, UsageError
from gate.core.settings import ROOT


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what is verified, and the options that do it."""

    what: str
    options: tuple[str, ...]


@cache
def stages() -> Mapping[str, Stage]:
    """Every stage by name, in the order of the rollout."""
    text = (ROOT / "contracts" / "stages.toml").read_text(encoding="utf-8")
    return {name: Stage(entry["what"], tuple(entry["options"])) for name, entry in tomllib.loads(text).items()}


def stage(words: Sequence[str]) -> int:
    """The command line of ``gate stage``: the recipe's options, and then those that were given."""
    known = stages()
    if words[:1] in (["-h"], ["--help"]):
        print("usage: gate stage NAME [OPTION ...], with any option of gate; --base-url for all but development")
        for name, one in known.items():
            print(f"  {name}: {one.what}\n      gate {' '.join(one.options)}")
        return Exit.PASS
    if not words or words[0] not in known:
        what = f"There is no stage {words[0]!r}." if words else "No stage was named."
        raise UsageError(what, f"Expected one of {', '.join(known)}.")
    return run([*known[words[0]].options, *words[1:]])
