"""Completes JUnit's results with the findings that no test reported."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from gate.verdict.allure_report import END, sentence, unreported
from gate.verdict.verdict import Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def complete(path: Path, verdict: Verdict) -> None:
    """Adds a failed case for the run's end to a file of results, where it has findings."""
    findings = unreported(verdict)
    if not findings or not path.is_file():
        return
    tree = ElementTree.parse(path)  # noqa: S314 (pytest has just written it)
    suite = next(tree.iter("testsuite"))
    case = ElementTree.SubElement(suite, "testcase", classname="gate", name=END, time="0.000")
    message, text = (
        "\n\n".join(parts) for parts in zip(*((sentence(f), str(f.evidence)) for f in findings), strict=True)
    )
    failure = ElementTree.SubElement(case, "failure", message=_clean(message))
    failure.text = _clean(text)
    for name in ("tests", "failures"):
        suite.set(name, str(int(suite.get(name, "0")) + 1))
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _clean(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _NOT_XML.sub(lambda match: f"#x{ord(match[0]):02X}", text)
