"""The page of the rules of a comparison, made from ``rules.toml``."""

from __future__ import annotations

from collections.abc import Iterator

from gate.contract.diff.rules import rules

HEAD = """# Rules of a comparison

Generated from `gate/contract/diff/rules.toml` by `./scripts/gate update`.

A comparison of two documents reports each change by one of these rules. What their severities mean, is in
[contract diff and drift](contract-diff-and-drift.md). A change of a schema is reported as safe, whatever its rule says
here, where it is proved that no caller can notice it. `./scripts/gate explain RULE` shows a rule with its example.
"""
GROUPS = {
    "0": "Operations and their parts",
    "1": "Schemas of requests: bodies and parameters",
    "2": "Schemas of answers: bodies and headers",
}


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for number, title in GROUPS.items():
        schemas = number != "0"  # whose examples are short
        yield f"## {title}\n"
        yield "| rule | severity | a change | meaning |" + " before | after |" * schemas
        yield "|---|---|---|---|" + "---|---|" * schemas
        for rule in rules().values():
            if rule.id.startswith(f"BG-DIFF-{number}"):
                example = [f"`{rule.before}`", f"`{rule.after}`"] if schemas else []
                yield _row(f"`{rule.id}`", rule.severity, rule.title, rule.explanation, *example)
        yield ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
