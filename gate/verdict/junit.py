"""Completes JUnit's results with the findings that no test reported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from gate.verdict.allure_report import END, sentence, unreported
from gate.verdict.verdict import FindingResult, Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def complete(path: Path, verdict: Verdict) -> None:
    """Adds a failed case for the run's end, where it has findings; a test that failed late has one case."""
    if not path.is_file():
        return
    tree = ElementTree.parse(path)  # noqa: S314 (pytest has just written it)
    suite = next(tree.iter("testsuite"))
    joined, findings = _join(suite), unreported(verdict)
    if findings:
        _add_end(suite, findings)
    if joined or findings:
        tree.write(path, encoding="utf-8", xml_declaration=True)


def _join(suite: ElementTree.Element) -> bool:
    """Moves what failed after a test had ended to the case of that test; True where there was anything."""
    cases: dict[tuple[str, str], ElementTree.Element] = {}
    joined = False
    for case in [each for each in suite.iter("testcase") if each.get("name")]:
        first = cases.setdefault((case.get("classname", ""), case.get("name", "")), case)
        failures = case.findall("failure")
        if first is case or not failures:
            continue
        for name, more in (("tests", 1), ("failures", first.find("failure") is not None)):
            suite.set(name, str(int(suite.get(name, "0")) - more))
        first.extend(failures)
        suite.remove(case)
        joined = True
    return joined


def _add_end(suite: ElementTree.Element, findings: Sequence[FindingResult]) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="gate", name=END, time="0.000")
    message, text = (
        "\n\n".join(parts) for parts in zip(*((sentence(f), str(f.evidence)) for f in findings), strict=True)
    )
    failure = ElementTree.SubElement(case, "failure", message=_clean(message))
    failure.text = _clean(text)
    for name in ("tests", "failures"):
        suite.set(name, str(int(suite.get(name, "0")) + 1))


def _clean(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _NOT_XML.sub(lambda match: f"#x{ord(match[0]):02X}", text)
