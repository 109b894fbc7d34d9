"""The mutants of the runner: all that Cosmic Ray can make, what of them is worth a trial, and a sample by seed."""

from __future__ import annotations

import ast
import difflib
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db

from gate.core.errors import GateError, UsageError

AREAS: dict[str, tuple[str, ...]] = {
    "routes": ("web", "intake.py", "jobspec.py", "signature.py", "spec.py", "validation.py"),
    "store": ("store",),
    "execution": ("worker", "outcome.py", "questions.py", "queue.py", "queue_driver.py", "working.py"),
    "analysis": ("analysis",),
}
"""What is mutated, below ``runner/``: how requests are taken, kept, carried out and summed up."""

Span = tuple[tuple[int, int], tuple[int, int]]  # (line, column) of begin and end; lines from 1, columns from 0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file. ``occurrence`` is the how-manieth place of the file where the operator can be put."""

    area: str
    file: str  # below the checkout, with slashes
    operator: str  # as Cosmic Ray names it, without the provider
    occurrence: int
    span: Span

    @property
    def id(self) -> str:
        """What ``--only`` takes: file, operator and occurrence. Another mutant may get it when the file changes."""
        return f"{self.file.removeprefix('runner/').removesuffix('.py')}:{self.operator}:{self.occurrence}"

    @property
    def place(self) -> tuple[str, Span, str]:
        """Mutants of one place are the same operator put with other replacements: one of them is enough."""
        return self.file, self.span, self.operator.partition("_")[0]

    def applied(self, source: str) -> str:
        """The source of its file with the change; GateError where there is nothing to change."""
        changed: str | None = mutate_code(source, get_operator(f"core/{self.operator}")(), self.occurrence)
        if changed is None:
            raise GateError(f"{self.id} changes nothing.", "Choose one that ./scripts/bench mutation has shown.")
        return changed


@dataclass(slots=True)
class Sample:
    """Mutants to try, how many places there are by area, and why others that were drawn are no use, by reason."""

    mutants: list[Mutant] = field(default_factory=list)
    places: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


def area_of(file: str) -> str | None:
    """The area of a file below the checkout; None where it belongs to none."""
    for area, parts in AREAS.items():
        if any(file == f"runner/{part}" or file.startswith(f"runner/{part}/") for part in parts):
            return area
    return None


def enumerated(root: Path, files: Iterable[str] | None = None) -> list[Mutant]:
    """Every mutant that Cosmic Ray knows of the given files, or of all areas; in a fixed order."""
    names = sorted(path.relative_to(root).as_posix() for path in (root / "runner").rglob("*.py"))
    chosen = [name for name in names if area_of(name) and (files is None or name in set(files))]
    with tempfile.TemporaryDirectory() as directory, use_db(str(Path(directory, "session.sqlite"))) as session:
        init([root / name for name in chosen], session, {})
        found = list(_mutants(session, root))
    return sorted(found, key=lambda one: (one.file, one.span, one.operator, one.occurrence))


def _mutants(session: WorkDB, root: Path) -> Iterator[Mutant]:
    for item in session.work_items:
        (spec,) = item.mutations
        file = spec.module_path.relative_to(root).as_posix()
        operator = spec.operator_name.removeprefix("core/")
        yield Mutant(area_of(file) or "", file, operator, spec.occurrence, (spec.start_pos, spec.end_pos))


def named(root: Path, ids: Sequence[str]) -> Sample:
    """The mutants with these ids; UsageError names one that there is not."""
    known = {one.id: one for one in enumerated(root, [f"runner/{one.partition(':')[0]}.py" for one in ids])}
    unknown = [one for one in ids if one not in known]
    if unknown:
        raise UsageError(f"There is no mutant {unknown[0]}.", "Give ids as the table of survivors shows them.")
    return Sample([known[one] for one in ids], Counter(one.area for one in known.values()))


def sampled(root: Path, mutants: Iterable[Mutant], size: int, seed: int) -> Sample:
    """``size`` mutants, the areas in turn, each of another place; the same for the same seed and source.

    Within an area each place is as likely as any other, however many replacements its operator has. Each place is drawn
    by itself, so that a change of one file leaves the mutants of all others in the sample. Mutants that cannot tell
    anything about the gate are drawn and put aside, with the reason counted.
    """
    places: dict[tuple[str, Span, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        places[mutant.place].append(mutant)
    queues: dict[str, list[tuple[int, Mutant]]] = {area: [] for area in AREAS}
    numbers = Counter[str]()
    for (file, _, operator), variants in places.items():
        name = f"{seed} {file} {operator}"
        drawn = int.from_bytes(sha256(f"{name} {numbers[name]}".encode()).digest())
        numbers[name] += 1
        queues[variants[0].area].append((drawn, variants[drawn % len(variants)]))
    made = Sample(places=Counter({area: len(queue) for area, queue in queues.items()}))
    for queue in queues.values():
        queue.sort(key=lambda entry: entry[0], reverse=True)
    while len(made.mutants) < size and any(queues.values()):
        for queue in queues.values():
            while queue and len(made.mutants) < size:
                mutant = queue.pop()[1]
                reason = useless(mutant, (root / mutant.file).read_text(encoding="utf-8"))
                if not reason:
                    made.mutants.append(mutant)
                    break
                made.skipped[reason] += 1
    return made


def useless(mutant: Mutant, source: str) -> str | None:
    """Why a mutant says nothing about the gate: it cannot run at all, or nothing that is promised can change."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            compile(mutant.applied(source), mutant.file, "exec", dont_inherit=True)
        except SyntaxError:
            return "does not compile"
        except AttributeError:  # of an ``except`` that names a member of a module
            return "cannot be made by Cosmic Ray"
    if any(issubclass(one.category, SyntaxWarning) for one in warned):
        return "draws a warning of the compiler"
    for node in ast.walk(ast.parse(source)):
        reason = _reason(node, mutant)
        if reason:
            return reason
    return None


def _reason(node: ast.AST, mutant: Mutant) -> str | None:
    match node:
        case ast.arg(annotation=ast.expr() as part) | ast.AnnAssign(annotation=part):
            return "changes a type in an annotation" if _type_in(part, mutant) else None
        case ast.FunctionDef(returns=ast.expr() as part) | ast.AsyncFunctionDef(returns=ast.expr() as part):
            return "changes a type in an annotation" if _type_in(part, mutant) else None
        case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"))):
            return "changes only what is logged" if _within(node, mutant) else None
        case ast.Compare(comparators=[ast.Constant(value=None | True | False)]) if "Is" in mutant.operator:
            same = mutant.operator.endswith(("_Is_Eq", "_IsNot_NotEq"))
            return "asks the same in another way" if same and _within(node, mutant) else None
        case ast.keyword(arg="frozen" | "slots" | "kw_only", value=ast.Constant() as value):
            return "lifts a guard against mistakes in the source" if _within(value, mutant) else None
    return None


def _type_in(annotation: ast.expr, mutant: Mutant) -> bool:
    """Whether it is the bar of a union: the figures of an ``Annotated`` bind requests and are tried."""
    return mutant.operator.startswith("ReplaceBinaryOperator_BitOr") and _within(annotation, mutant)


def _within(node: ast.expr, mutant: Mutant) -> bool:
    begin, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return begin <= mutant.span[0] and mutant.span[1] <= end


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines that a mutant takes away and those that it puts there, without their indentation."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    taken, put = ("\n".join(one[1:].strip() for one in lines if one.startswith(sign)) for sign in "-+")
    return taken, put


def difference(mutant: Mutant, before: str, after: str) -> str:
    """The mutant as a unified diff with one line of context."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"a/{mutant.file}", f"b/{mutant.file}", n=1, lineterm=""
    )
    return "\n".join(lines)
