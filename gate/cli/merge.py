"""``gate merge DIR...``: makes one verdict, with its reports, of the shards of a run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from gate.cli.command import Run
from gate.core.errors import Exit, GateError
from gate.core.redaction import Redactor
from gate.session.pack import Pack
from gate.verdict.part import Part
from gate.verdict.verdict import Verdict

EXAMPLES = """\
examples:
  gate --shard 1/4 --report-dir reports/1        on each of four machines, up to --shard 4/4
  gate merge reports/1 reports/2 reports/3 reports/4
"""


def prepare(parser: ArgumentParser, pack: Pack) -> Run:
    """Fills the parser of the command."""
    parser.description = (
        "Makes one verdict, with its reports, of the report directories of all shards of a run, judged as a run on one "
        "machine is. A missing, double or foreign shard is exit code 3."
    )
    parser.epilog = EXAMPLES
    parser.add_argument("shards", metavar="DIR", type=Path, nargs="+", help="the report directory of a shard")
    parser.add_argument(
        "--report-dir", metavar="DIR", type=Path, default=Path("reports/merged"), help="default: reports/merged"
    )
    parser.add_argument("--baseline", metavar="FILE", type=Path, help="verdict.json of an earlier run")
    parser.add_argument("--allow-partial", action="store_true", help="as in a run on one machine")

    def merge(values: Namespace) -> int:
        directory = values.report_dir.absolute()
        parts = _parts(pack, values.shards, directory)
        verdict = _verdict(pack, parts, directory, values.baseline)
        return _reported(verdict, parts, directory, allow_partial=values.allow_partial)

    return merge


def _parts(pack: Pack, sources: Sequence[Path], directory: Path) -> dict[Path, Part]:
    """The parts of one run in their order, by their directories; GateError where they are not."""
    from gate.verdict.part import digest, read, together

    parts = together([(source, read(source)) for source in sources])
    if any(source.resolve() == directory.resolve() for source in parts):
        raise GateError(f"{directory} holds a shard.", "Name another --report-dir for the whole run.")
    (first, *_) = parts.values()
    if first.conditions["tests"] != digest(pack.root / name for name in pack.suite.dividing):
        message = "This checkout has other tests than that of the shards."
        raise GateError(message, "Merge them with the checkout that ran them.")
    return parts


def _verdict(pack: Pack, parts: Mapping[Path, Part], directory: Path, compared: Path | None) -> Verdict:
    """The verdict on the whole run, judged as that of a run on one machine is."""
    from gate.fuzz.codes import whole
    from gate.session.sources import sources
    from gate.session.start import promises as promises_of
    from gate.verdict import assertions, baseline, inventory, merging
    from gate.verdict.decide import decide
    from gate.verdict.inventory import Inventory
    from gate.verdict.places import Place
    from gate.verdict.tally import tally

    whole(pack)
    ordered, promises, known = list(parts.values()), promises_of(pack), Inventory()
    profile = pack.profile(ordered[0].conditions["profile"])
    run = merging.run_of(ordered, directory, profile, baseline.load(compared) if compared else None)
    events, faults = merging.events_of(parts, directory)
    total = tally(events)
    run.stopped = run.stopped or " ".join(faults)
    if pack.suite.inventory and not any(part.narrowed for part in ordered):
        known = inventory.load(pack.root / pack.suite.inventory)
    if not run.stopped and not any(part.cut_short for part in ordered):
        criteria = [criterion.id for criterion in promises.criteria]
        scope = merging.scope_of(ordered)
        run.missing = [
            *known.missing(total, scope, criteria, merging.tests_of(ordered)),
            *assertions.missing(pack.root, known.asserts, inventory.files_of(known.expected(scope))),
        ]
    verdict = decide(total, run, promises)
    places = {test: Place(Path(file), line) for part in ordered for test, (file, line) in part.places.items()}
    return sources(pack, places).placed(verdict) if verdict.findings else verdict


def _reported(verdict: Verdict, parts: Mapping[Path, Part], directory: Path, *, allow_partial: bool) -> int:
    """Writes the reports, prints the verdict, and returns the exit code."""
    from rich.console import Console

    from gate.verdict import merging, report_directory, reports, terminal

    report_directory.claim(directory)
    merging.collect(list(parts), directory)
    reports.write(verdict, directory, Redactor())
    terminal.show(verdict, directory, Console(highlight=False, soft_wrap=True))
    code = verdict.exit_code(allow_partial=allow_partial)
    if failed := sum(part.failed_of_harness for part in parts.values()):
        print(f"{failed} of the tests of the gate itself failed: do not rely on what it says of this build.")
    return code or (Exit.BROKEN if failed else Exit.PASS)
