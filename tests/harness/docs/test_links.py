"""Every link between the pages leads somewhere, and every page can be reached from the README."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from tests.harness.support.markdown import Page

PATHS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES = {page.name: page for page in (Page.read(ROOT, path) for path in PATHS)}
FOLDERS = ("beacon", "benchmarks", "contracts", "docs", "fixtures", "gate", "portal", "runner", "scripts", "tests")
FILE = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")


def targets(page: Page) -> list[tuple[str, str]]:
    """Path from the top and fragment of each link of a page within the checkout."""
    links = [link.partition("#") for link in page.links if "://" not in link]
    folder = Path(page.name).parent
    return [(os.path.normpath(folder / path) if path else page.name, fragment) for path, _, fragment in links]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_links_lead_somewhere(page: Page) -> None:
    for path, fragment in targets(page):
        assert (ROOT / path).exists(), path
        assert not fragment or fragment in PAGES[path].anchors, f"{path}#{fragment}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES.values() if page.name != "CHANGELOG.md"], ids=lambda page: page.name
)
def test_named_files_exist(page: Page) -> None:
    named = [span for span in page.spans if FILE.fullmatch(span)]
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_each_page_is_linked_from_the_readme() -> None:
    reached = {path for path, _ in targets(PAGES["README.md"])}
    assert PAGES.keys() - {"README.md"} <= reached
