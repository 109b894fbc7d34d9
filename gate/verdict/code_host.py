"""Forms that a code host reads, of a verdict as of a comparison: SARIF, and commands of a workflow."""

from __future__ import annotations

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def command(level: str, title: str, text: str, place: dict[str, str] | None = None) -> str:
    """A workflow command of the code host."""
    properties = {**(place or {}), "title": title}
    listed = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{level} {listed}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":  # the percent sign first
        text = text.replace(character, f"%{ord(character):02X}")
    return text
