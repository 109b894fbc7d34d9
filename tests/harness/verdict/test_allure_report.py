"""Allure and JUnit have every test and every finding once, with severity, category, environment and the run's end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.verdict import allure_report, junit
from gate.verdict.allure_report import END
from gate.verdict.events import FindingReported, Outcome
from gate.verdict.judged import Judged
from gate.verdict.verdict import Verdict
from tests.harness.support.verdicts import accepting, passing, reported

FAILED = Outcome("t::b[1]", "failed")
AT_END = FindingReported(
    Finding("BG-LIFE-003", "jobs.status", "terminal", "run\x00ning"), Evidence(END, "evi\x01dence")
)
JUNIT = '<testsuites><testsuite tests="2" failures="1"><testcase/><testcase/></testsuite></testsuites>'


def completed(directory: Path, verdict: Verdict) -> dict[str, dict[str, Any]]:
    """The results of the tests t::a, which passed, and t::b[1], which failed, and what was added, by full name."""
    for name, status in (("t::a", "passed"), ("t::b[1]", "failed")):
        result = {"fullName": name, "status": status, "statusDetails": {"message": "raw", "trace": "line"}}
        (directory / f"{len(name)}-result.json").write_text(json.dumps(result))
    allure_report.complete(directory, verdict)
    results = [json.loads(path.read_text()) for path in directory.glob("*-result.json")]
    assert len({result["fullName"] for result in results}) == len(results)
    return {result["fullName"]: result for result in results}


def labels(result: dict[str, Any], name: str) -> list[str]:
    """The values of the labels of a name."""
    return [label["value"] for label in result.get("labels", ()) if label["name"] == name]


def test_failed_test_has_its_findings_the_worst_severity_and_their_codes(tmp_path: Path) -> None:
    verdict = passing(FAILED, reported(test="t::b[1]"), reported("GET /y", test="t::b[1]", code="BG-HTTP-005"))
    results = completed(tmp_path, verdict)
    message = results["t::b[1]"]["statusDetails"]["message"]
    assert message.startswith("BG-HTTP-001 ")
    assert "BG-HTTP-005 " in message
    assert results["t::b[1]"]["statusDetails"]["trace"] == "line"
    assert labels(results["t::b[1]"], "severity") == ["critical"]
    assert labels(results["t::b[1]"], "tag") == ["BG-HTTP-001", "BG-HTTP-005"]
    assert results["t::a"]["statusDetails"]["message"] == "raw"
    allure_report.complete(tmp_path, verdict)  # as results of a shard are, once more for the whole run
    assert json.loads((tmp_path / "7-result.json").read_text()) == results["t::b[1]"]


def test_each_code_is_a_category_of_its_failures(tmp_path: Path) -> None:
    """The expression matches the whole message, as Allure 2 wants it."""
    results = completed(tmp_path, passing(FAILED, reported(test="t::b[1]"), AT_END))
    rules = json.loads((tmp_path / "categories.json").read_text())
    for name, code in (("t::b[1]", "BG-HTTP-001"), (END, "BG-LIFE-003")):
        message = results[name]["statusDetails"]["message"]
        matching = [rule["name"] for rule in rules if re.fullmatch(rule.get("messageRegex", "-"), message)]
        assert [text.split()[0] for text in matching] == [code]


def test_findings_of_no_test_are_one_more_result(tmp_path: Path) -> None:
    """None is added where each finding is a test's; the id is the same in every run."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert END not in completed(tmp_path / "a", passing(FAILED, reported(test="t::b[1]")))
    result = completed(tmp_path / "b", passing(FAILED, AT_END))[END]
    assert result["status"] == "failed"
    assert result["historyId"] == result["testCaseId"] == "2c8d344ca7dabb5f8c3806c2ae3a1cf6"
    assert [step["name"].split()[0] for step in result["steps"]] == ["BG-LIFE-003"]


def test_accepted_deviation_is_a_known_failure(tmp_path: Path) -> None:
    profile = accepting("BG-HTTP-001")
    results = completed(tmp_path, passing(FAILED, reported(test="t::b[1]"), profile=profile))
    assert results["t::b[1]"]["statusDetails"]["known"] is True


def test_environment_names_what_was_judged(tmp_path: Path) -> None:
    """Keys and values are escaped as Java's properties are."""
    completed(tmp_path, passing(judged=Judged(commit="abc", command="serve --x=1: \\a\nb")))
    lines = (tmp_path / "environment.properties").read_text().splitlines()
    assert {"verdict=pass", "commit=abc", r"command=serve\ --x\=1\:\ \\a\nb"} <= set(lines)


def test_junit_has_the_end_of_the_run_too(tmp_path: Path) -> None:
    """With the counts of the suite, and without characters that are none in XML."""
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT)
    junit.complete(path, passing(FAILED, AT_END))
    suite = next(ElementTree.parse(path).iter("testsuite"))  # noqa: S314 (junit.complete has just written it)
    assert (suite.get("tests"), suite.get("failures"), len(suite)) == ("3", "2", 3)
    [failure] = suite[-1]
    assert failure.get("message", "").startswith("BG-LIFE-003 ")
    assert "running" not in failure.get("message", "")
    assert "evi#x01dence" in str(failure.text)


@pytest.mark.parametrize("events", [[], [FAILED, reported(test="t::b[1]")]])
def test_junit_stays_as_it_is_where_each_finding_is_a_tests(tmp_path: Path, events: list[Any]) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT)
    junit.complete(path, passing(*events))
    assert path.read_text() == JUNIT


def test_junit_has_one_case_of_a_test_that_failed_after_its_end(tmp_path: Path) -> None:
    """A test that had passed, and one that had failed before."""
    path = tmp_path / "junit.xml"
    fresh, late = '<testcase classname="t" name="a"', '<failure message="late"/></testcase>'
    path.write_text(
        f'<testsuites><testsuite tests="4" failures="3">{fresh}/>{fresh}>{late}'
        f'<testcase classname="t" name="b"><failure message="early"/></testcase>'
        f'<testcase classname="t" name="b">{late}</testsuite></testsuites>'
    )
    junit.complete(path, passing())
    suite = next(ElementTree.parse(path).iter("testsuite"))  # noqa: S314 (junit.complete has just written it)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")
    messages = {case.get("name"): [each.get("message") for each in case] for case in suite}
    assert messages == {"a": ["late"], "b": ["early", "late"]}


def test_result_that_passed_fails_by_what_was_confirmed_later(tmp_path: Path) -> None:
    verdict = passing(Outcome("t::a", "failed"), FAILED, reported(test="t::a"))
    result = completed(tmp_path, verdict)["t::a"]
    assert result["status"] == "failed"
    assert result["statusDetails"]["message"].startswith("BG-HTTP-001 ")
    assert [step["name"].split()[0] for step in result["steps"]] == ["BG-HTTP-001"]
    allure_report.complete(tmp_path, verdict)
    assert json.loads((tmp_path / "4-result.json").read_text()) == result


def test_nothing_is_made_of_results_that_are_not_there(tmp_path: Path) -> None:
    """A run that ended before its first test has none."""
    allure_report.complete(tmp_path / "none", passing(AT_END))
    junit.complete(tmp_path / "none.xml", passing(AT_END))
    assert list(tmp_path.iterdir()) == []
