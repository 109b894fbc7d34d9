"""The mutants of the runner: all that Cosmic Ray can make, and a sample by seed of those that are worth a trial."""

from __future__ import annotations

import ast
import difflib
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db

from gate.core.errors import GateError, UsageError

AREAS: dict[str, tuple[str, ...]] = {
    "routes": ("web", "intake.py", "jobspec.py", "signature.py", "spec.py", "validation.py"),
    "store": ("store",),
    "execution": ("worker", "outcome.py", "questions.py", "queue.py", "queue_driver.py", "working.py"),
    "analysis": ("analysis",),
}
"""The parts of ``runner/`` that are mutated."""

Span = tuple[tuple[int, int], tuple[int, int]]  # (line, column) of begin and end; lines from 1, columns from 0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file; ``occurrence`` counts the places of the file to which the operator applies."""

    area: str
    file: str  # below the checkout, with slashes
    operator: str  # as Cosmic Ray names it, without the provider
    occurrence: int
    span: Span

    @property
    def id(self) -> str:
        """File, operator and occurrence, as ``--only`` takes it; it may name another mutant once the file changes."""
        return f"{self.file.removeprefix('runner/').removesuffix('.py')}:{self.operator}:{self.occurrence}"

    @property
    def place(self) -> tuple[str, Span, str]:
        """Mutants of one place differ in the replacement only: one of them is enough."""
        return self.file, self.span, self.operator.partition("_")[0]

    def applied(self, source: str) -> str:
        """Return the changed source of its file; GateError if nothing changes."""
        changed: str | None = mutate_code(source, get_operator(f"core/{self.operator}")(), self.occurrence)
        if changed is None:
            raise GateError(f"{self.id} changes nothing.", "Choose one that ./scripts/bench mutation has shown.")
        return changed


@dataclass(slots=True)
class Sample:
    """Mutants to try, the number of places by area, and the number of useless mutants by reason."""

    mutants: list[Mutant] = field(default_factory=list)
    places: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


def area_of(file: str) -> str | None:
    """Return the area of a file below the checkout; None if it belongs to none."""
    for area, parts in AREAS.items():
        if any(file == f"runner/{part}" or file.startswith(f"runner/{part}/") for part in parts):
            return area
    return None


def enumerated(root: Path, files: Iterable[str] | None = None) -> list[Mutant]:
    """Return every mutant that Cosmic Ray can make of the given files, or of all areas, in a fixed order."""
    names = sorted(path.relative_to(root).as_posix() for path in (root / "runner").rglob("*.py"))
    areas = {name: area for name in names if (area := area_of(name)) and (files is None or name in set(files))}
    mutants = []
    with tempfile.TemporaryDirectory() as directory, use_db(str(Path(directory, "session.sqlite"))) as session:
        init([root / name for name in areas], session, {})
        for spec in (spec for item in session.work_items for spec in item.mutations):
            file, operator = spec.module_path.relative_to(root).as_posix(), spec.operator_name.removeprefix("core/")
            mutants.append(Mutant(areas[file], file, operator, spec.occurrence, (spec.start_pos, spec.end_pos)))
    return sorted(mutants, key=lambda mutant: (mutant.file, mutant.span, mutant.operator, mutant.occurrence))


def named(root: Path, ids: Sequence[str]) -> Sample:
    """Return the mutants with these ids; UsageError for an unknown id."""
    known = {mutant.id: mutant for mutant in enumerated(root, [f"runner/{name.partition(':')[0]}.py" for name in ids])}
    if unknown := [name for name in ids if name not in known]:
        raise UsageError(f"There is no mutant {unknown[0]}.", "Give ids as the table of survivors shows them.")
    return Sample([known[name] for name in ids], Counter(mutant.area for mutant in known.values()))


def sampled(root: Path, mutants: Iterable[Mutant], size: int, seed: int) -> Sample:
    """Return ``size`` mutants of distinct places, the areas in turn; the same for the same seed and source.

    Within an area each place is as likely as any other, however many replacements its operator has. The draw of a place
    depends on its file alone, so a change of one file keeps the mutants of all others in the sample. Useless mutants
    are skipped and counted.
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
    sample = Sample(places=Counter({area: len(queue) for area, queue in queues.items()}))
    for queue in queues.values():
        queue.sort(key=lambda entry: entry[0], reverse=True)
    while len(sample.mutants) < size and any(queues.values()):
        for queue in queues.values():
            while queue and len(sample.mutants) < size:
                mutant = queue.pop()[1]
                reason = useless(mutant, (root / mutant.file).read_text(encoding="utf-8"))
                if not reason:
                    sample.mutants.append(mutant)
                    break
                sample.skipped[reason] += 1
    return sample


def useless(mutant: Mutant, source: str) -> str | None:
    """Return why a mutant cannot run or cannot break a promise; None if it is worth a trial."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile(mutant.applied(source), mutant.file, "exec", dont_inherit=True)
        except SyntaxError:
            return "does not compile"
        except AttributeError:  # of an ``except`` that names an attribute of a module
            return "cannot be made by Cosmic Ray"
    if any(issubclass(warning.category, SyntaxWarning) for warning in caught):
        return "draws a warning of the compiler"
    return next(filter(None, (_reason(node, mutant) for node in ast.walk(ast.parse(source)))), None)


def _reason(node: ast.AST, mutant: Mutant) -> str | None:
    match node:
        case (
            ast.arg(annotation=ast.expr() as part)
            | ast.AnnAssign(annotation=part)
            | ast.FunctionDef(returns=ast.expr() as part)
            | ast.AsyncFunctionDef(returns=ast.expr() as part)
        ) if mutant.operator.startswith("ReplaceBinaryOperator_BitOr"):
            # The bar of a union; numbers in an ``Annotated`` bind requests and are tried.
            return "changes a type in an annotation" if _within(part, mutant) else None
        case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"))):
            return "changes only what is logged" if _within(node, mutant) else None
        case ast.Compare(comparators=[ast.Constant(value=None | True | False)]) if mutant.operator.endswith(
            ("_Is_Eq", "_IsNot_NotEq")
        ):
            return "asks the same in another way" if _within(node, mutant) else None
        case ast.keyword(arg="frozen" | "slots" | "kw_only", value=ast.Constant() as value):
            return "lifts a guard against mistakes in the source" if _within(value, mutant) else None
    return None


def _within(node: ast.expr, mutant: Mutant) -> bool:
    begin, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return begin <= mutant.span[0] and mutant.span[1] <= end


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """Return the lines that a mutant removes and those that it adds, without indentation."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    removed, added = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return removed, added
