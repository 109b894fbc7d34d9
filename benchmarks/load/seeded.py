"""``bench seeded``: proves that the load and the matrix of faults find what they are there for."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from beacon.checkout import ROOT
from benchmarks import reports
from benchmarks.load.violated import VIOLATED, Seeded, seeded
from gate.core.errors import Exit
from gate.core.surroundings import environment

RESULTS = {"load": "load.json", "faults": "faults.json"}
PROGRAMS = {"load": ("beacon", "load"), "faults": ("benchmarks", "faults", "--fail-fast")}
LONGEST = 300.0


def seeded_faults(words: Sequence[str], console: Console) -> int:
    """Run a build with each fault until it is found, and return 1 where one is not."""
    parser = argparse.ArgumentParser(
        prog="bench seeded",
        description="Drives a runner with each fault of benchmarks/load/violations.toml as its entry says. The run has "
        "to report one of the entry's codes.",
        epilog="Exit codes: 0 every fault was found, 1 one was not, 2 usage.",
        allow_abbrev=False,
    )
    known = seeded()
    parser.add_argument("--only", choices=known, nargs="+", default=list(known), metavar="NAME", help="some of them")
    help_ = "where the reports go (default: reports/seeded)"
    parser.add_argument("--report-dir", type=Path, default=Path("reports/seeded"), metavar="DIR", help=help_)
    values = parser.parse_args(words)
    rows = []
    for name in values.only:
        codes = reported(name, known[name], values.report_dir / name)
        caught = [code for code in codes if code in known[name].codes]
        state = "found " if caught else "MISSED"
        console.print(f"{state} {name}: {' '.join(caught or codes) or 'no finding'}", markup=False)
        rows.append((name, known[name].title, known[name].run, " ".join(caught) or "missed"))
    number = sum(row[3] != "missed" for row in rows)
    lines = ["# Seeded faults", "", *reports.table(("fault", "title", "run", "found by"), rows)]
    reports.write(values.report_dir, "seeded", rows, lines)
    console.print(f"{number} of {len(rows)} found")
    return Exit.PASS if number == len(rows) else Exit.BROKEN


def reported(name: str, fault: Seeded, directory: Path) -> list[str]:
    """The codes that the run of a fault reports, the nearest to a cause first; none where it judged nothing."""
    program, *words = shlex.split(fault.run)
    command = [sys.executable, "-m", *PROGRAMS[program], *words, f"--runner-command={VIOLATED} {name} serve"]
    result = directory / RESULTS[program]
    result.unlink(missing_ok=True)
    subprocess.run(
        [*command, f"--report-dir={directory}"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        timeout=LONGEST,
        check=False,
    )
    if not result.exists():
        return []
    document = json.loads(result.read_text(encoding="utf-8"))
    groups = document["findings"] if program == "load" else [cell["findings"] for cell in document["cells"]]
    return list(dict.fromkeys(finding["code"] for group in groups for finding in group))
