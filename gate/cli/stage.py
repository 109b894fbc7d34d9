"""``gate stage NAME``: judges as a stage of a rollout asks for."""

from __future__ import annotations

from collections.abc import Sequence

from gate.cli.judge import run
from gate.core.errors import Exit, UsageError
from gate.session.pack import Pack


def stage(pack: Pack, words: Sequence[str]) -> int:
    """The command line of ``gate stage``: the recipe's options, and then those that were given."""
    known = pack.stages
    if words[:1] in (["-h"], ["--help"]):
        print("usage: gate stage NAME [OPTION ...], with any option of gate; --base-url for all but development")
        for name, recipe in known.items():
            print(f"  {name}: {recipe.what}\n      gate {' '.join(recipe.options)}")
        return Exit.PASS
    if not words or words[0] not in known:
        what = f"There is no stage {words[0]!r}." if words else "No stage was named."
        raise UsageError(what, f"Expected one of {', '.join(known)}.")
    return run(pack, [*known[words[0]].options, *words[1:]])
