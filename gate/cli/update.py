"""``gate update``: writes the files that are generated from code and contracts."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping

from gate.cli.command import Run
from gate.cli.options import reference
from gate.core.errors import Exit
from gate.session.pack import Pack


def generated(pack: Pack) -> Mapping[str, Callable[[], str]]:
    """The generated files of a checkout: paths below its root, and what makes their text."""
    return {"docs/options.md": lambda: reference(pack.options), **pack.generated}


def prepare(parser: ArgumentParser, pack: Pack) -> Run:
    """Fills the parser of the command."""
    parser.description = "Writes the files that are generated from code and contracts, and names those that changed."
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not current")

    def update(values: Namespace) -> int:
        stale = []
        for name, text in generated(pack).items():
            path = pack.root / name
            if not path.exists() or path.read_text(encoding="utf-8") != text():
                stale.append(name)
                print(f"{name} is not current." if values.check else f"wrote {name}")
                if not values.check:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text(), encoding="utf-8")
        return Exit.BROKEN if values.check and stale else Exit.PASS

    return update
