"""``gate stage NAME``: judges as a stage of a rollout asks for."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from gate.cli import judge
from gate.cli.command import Run
from gate.cli.parser import Parser
from gate.core.errors import UsageError
from gate.core.texts import like
from gate.session.pack import Pack


def prepare(parser: ArgumentParser, pack: Pack) -> Run:
    """Fills the parser of the command."""
    parser.usage = "gate stage NAME [OPTION ...]"
    parser.description = "Judges with the options of a stage; options that are given win over those."
    parser.epilog = "stages:\n" + "\n".join(
        f"  {name}: {stage.purpose}\n      gate {' '.join(stage.options)}" for name, stage in pack.stages.items()
    )
    parser.add_argument("stage", metavar="NAME", help="the stage; see below")
    judge.add(parser, pack)

    def stage(values: Namespace) -> int:
        if values.stage not in pack.stages:
            hint = like(values.stage, pack.stages) or f"Expected one of {', '.join(pack.stages)}."
            raise UsageError(f"There is no stage {values.stage!r}.", hint)
        recipe = Parser()
        judge.add(recipe, pack)
        asked = vars(recipe.parse_args(pack.stages[values.stage].options))
        asked.update({name: value for name, value in vars(values).items() if value not in (None, False)})
        return judge.judge(pack, Namespace(**asked))

    return stage
