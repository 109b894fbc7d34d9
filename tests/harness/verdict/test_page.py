"""verdict.html can be read, searched and used without a mouse, on every screen, and without JavaScript."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.core.evidence import Evidence
from gate.core.findings import Finding
from gate.core.redaction import Redactor
from gate.verdict import reports
from gate.verdict.events import FindingReported, FuzzResult, OperationFuzzed, Outcome
from gate.verdict.judged import Judged
from gate.verdict.verdict import Verdict
from tests.harness.support.verdicts import passing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (390, 640, 800, 1100, 1280, 1600)
OWN = 300_000
"""Limit in bytes of the page of a run with as many tests as the suite has."""
TESTS = 1000
JOB = "job-of-a-very-long-name-" * 4
PLACE = "GET /jobs/{id}/analysis answered 404 job_not_found for a completed standard job"
ROWS = [
    {"id": number, "name": JOB, "status": "completed", **{f"column_{at}": number for at in range(9)}}
    for number in (1, 2)
]
CUT_OFF = """[...document.querySelectorAll("main *, header *")].filter((one) => one.scrollWidth > one.clientWidth + 1
    && one.clientWidth > 0 && getComputedStyle(one).display !== "inline").map((one) => one.outerHTML)"""
"""JavaScript for the elements whose content does not fit."""

Opened = Callable[..., "Page"]


def broken() -> Verdict:
    """The verdict on a run with a finding, a consequence, and tests in each state."""
    answer = {"error": f"There is no {JOB}.", "error_code": "job_not_found"}
    asked = {"method": "GET", "path": f"/jobs/{JOB}/analysis", "seconds": "0.003", "sent": "", "id": "r2"}
    evidence = Evidence(
        "tests/a.py::test_failed",
        "it broke",
        [
            {
                **asked,
                "method": "POST",
                "id": "r1",
                "curl": "curl http://h",
                "status": "202",
                "body": "{}",
                "sent": '{"a": [1]}',
            },
            {**asked, "curl": "curl http://h/2", "status": "404", "body": json.dumps(answer)},
        ],
        {
            "jobs of j": [json.dumps({"id": 7, "status": "completed", "workflow": "standard"})],
            "executions of j": list(map(json.dumps, ROWS)),
            "region_results of j": [],
        },
        [
            json.dumps({"event": "request", "request_id": name, "timestamp": "2026-01-01T10:00:00Z"})
            for name in ("r1", "r2")
        ],
    )
    finding = Finding("BG-HTTP-001", PLACE, "404 standard_workflow", "404 job_not_found", "j", "r2")
    consequence = Finding("BG-HTTP-002", "GET /jobs/{id}", "200", "404", "j", "r2")
    return passing(
        FindingReported(finding, evidence),
        FindingReported(consequence, evidence),
        Outcome("tests/a.py::test_failed", "failed", seconds=1.5),
        Outcome("tests/b.py::test_other", "passed", seconds=0.5),
        Outcome("tests/b.py::test_left_out", "skipped", reason="no database"),
        OperationFuzzed(FuzzResult("getJob", 10, 5, 4, 1.0, 0.5, "d")),
        judged=Judged(commit="abc", command=f"python -m runner serve --name {JOB}", date="2026-01-01T10:00:00+00:00"),
    )


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Open the page of a broken run, in a window as wide as asked for."""
    html = reports.write(broken(), tmp_path, Redactor())[-1]
    contexts = []

    def page(width: int = 1280, **options: Any) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, offline=True, **options))
        opened = contexts[-1].new_page()
        opened.goto(html.as_uri())
        return opened

    yield page
    for context in contexts:
        context.close()


def unfold(page: Page) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_page_is_accessible(opened: Opened, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 (other workers need not load it)

    page = opened(width, color_scheme=scheme)
    unfold(page)
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_nothing_is_cut_off_and_no_window_scrolls_sideways(opened: Opened, scripts: bool) -> None:
    """Folded and unfolded, from a phone to a wide window, with JavaScript and without."""
    page = opened(java_script_enabled=scripts)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for _ in ("folded", "unfolded"):
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
            assert (width, page.evaluate(CUT_OFF)) == (width, [])
            unfold(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_first_screen_has_the_statement_of_the_first_finding(opened: Opened, width: int) -> None:
    page = opened(width)
    box = page.get_by_role("heading", name=PLACE).bounding_box()
    assert box
    assert box["y"] + box["height"] < 800
    assert page.get_by_text("404 job_not_found", exact=True).first.bounding_box()


def test_without_scripts_everything_can_be_read(opened: Opened) -> None:
    """No control without a use is shown, and each folded part opens."""
    page = opened(java_script_enabled=False)
    assert page.locator("button:visible, input:visible, select:visible").count() == 0
    for fold in page.locator("header summary, #findings summary, #tests summary").all():
        if fold.is_visible() and fold.locator("..").get_attribute("open") is None:
            fold.click()
    for text in (
        "test_left_out",
        "no database",
        "it broke",
        "curl http://h/2",
        "The evidence is that of the finding above.",
    ):
        assert page.get_by_text(text).filter(visible=True).count(), text


def test_difference_is_marked_in_the_answer_the_rows_and_between_expected_and_got(opened: Opened) -> None:
    """The log of the request that shows it stands apart from other lines."""
    finding = opened().locator(".finding").first
    marks = finding.locator("mark:visible").all_inner_texts()
    assert marks[:3] == ["standard_workflow", "job_not_found", '  "error_code": "job_not_found"\n']
    assert marks[3:] == ["completed", "standard"]
    assert finding.locator(".log:visible li").count() == 1


def test_tests_are_found_by_words_and_state(opened: Opened) -> None:
    page = opened()
    left = page.locator("#all-tests tr:not([hidden])")
    page.get_by_role("button", name="1 skipped").click()
    assert left.all_inner_texts() == ["test_left_out no database\tskipped\t0.00 s"]
    page.get_by_role("button", name="1 skipped").click()
    page.keyboard.press("/")
    page.keyboard.type("B.PY other")
    assert left.all_inner_texts() == ["test_other\tpassed\t0.50 s"]
    assert left.first.is_visible()


def test_coverage_is_filtered_by_kind_and_by_what_was_not_reached(opened: Opened) -> None:
    page = opened()
    left = page.locator("#all-coverage tbody tr:not([hidden])")
    parts = left.count()
    page.get_by_label("Kind").select_option("operation")
    page.get_by_label("not reached").check()
    names = left.locator("td:nth-child(2)").all_inner_texts()
    assert "cancelJob" in names
    assert "getJob" not in names
    assert 0 < len(names) < parts


def test_link_of_a_finding_opens_it(opened: Opened) -> None:
    """Also of a consequence within another finding; and the keyboard alone reaches, folds and copies."""
    page = opened()
    anchor = broken().findings[1].anchor
    page.goto(f"{page.url}#{anchor}")
    page.reload()
    assert page.locator(f"#{anchor}").get_by_text("got", exact=True).first.is_visible()
    page.locator(f"#{anchor} > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(f"#{anchor}").get_attribute("open") is None
    page.get_by_role("button", name="Copy the answer").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy the answer").get_by_text("Copied").wait_for()


def test_print_shows_what_is_folded(opened: Opened) -> None:
    page = opened(java_script_enabled=False)
    page.emulate_media(media="print")
    assert page.get_by_text("test_left_out").first.is_visible()
    assert not page.get_by_role("navigation").is_visible()


def test_page_of_a_whole_suite_is_light_and_loads_nothing(tmp_path: Path) -> None:
    outcomes = [
        Outcome(f"tests/folder/test_{at % 40}.py::test_{'of_a_usual_name_' * 4}{at}", "passed") for at in range(TESTS)
    ]
    content = reports.write(passing(*outcomes), tmp_path, Redactor())[-1].read_text(encoding="utf-8")
    assert len(content.encode()) < OWN
    assert "src=" not in content
    assert "default-src 'none'" in content
