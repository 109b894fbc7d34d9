"""Output and exit codes of ``gate diff``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from beacon.checkout import ROOT
from beacon.contract import PATH as PUBLISHED
from beacon.pack import pack
from gate.cli import main as cli
from tests.harness.support.documents import AB, ABC, document, response

SMALL = json.dumps(response(AB))
LARGER = json.dumps(response(ABC))


def gate(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "beacon", "diff", *words]
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True, timeout=60, check=False)


def test_breaking_change_exits_1_and_says_it_as_json(tmp_path: Path) -> None:
    """A breaking change is exit 1; with --json all of it is there for a program."""
    (tmp_path / "old.yaml").write_text(SMALL)
    (tmp_path / "new.yaml").write_text(LARGER)
    ended = gate(str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), "--json")
    assert ended.returncode == 1, ended.stderr
    report = json.loads(ended.stdout)
    assert report["counts"] == {"breaking": 1, "unknown": 0, "risky": 0, "safe": 0}
    assert report["changes"][0]["rule"] == "BG-DIFF-207"
    assert report["identical"] is False


def test_missing_document_is_exit_code_2() -> None:
    """One document is no comparison."""
    ended = gate("main")
    assert ended.returncode == 2
    assert "NEW" in ended.stderr


def test_fault_that_was_read_as_meant_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same fault in both documents is said once for each; what is printed for a program has none."""
    text = json.dumps(document({"/a": {"get": {"responses": {"200": {}}}}}))
    for name in ("old.json", "new.json"):
        (tmp_path / name).write_text(text)
    words = ["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json"), "--json"]
    assert cli.main(arguments=words) == 0
    output = capsys.readouterr()
    assert output.err.count("a response without a description, at /paths/~1a/get/responses/200.") == 2
    assert json.loads(output.out)["changes"] == []


def test_unknown_revision_is_exit_code_3() -> None:
    """A name of neither a file nor a revision is an error, not a document without changes."""
    ended = gate("no-such-thing", str(PUBLISHED))
    assert ended.returncode == 3
    assert "neither a file nor a git revision (git: fatal: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_change_that_could_not_be_decided_is_exit_code_3_if_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A class of its own: neither compatible nor known to break."""
    schema = {"type": "string"}
    (tmp_path / "old.json").write_text(json.dumps(response({**schema, "pattern": "^(?!a)b"})))
    (tmp_path / "new.json").write_text(json.dumps(response({**schema, "pattern": "^(?!c)b"})))
    words = ["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json")]
    assert cli.main(arguments=words) == 0
    assert "1 unknown" in capsys.readouterr().out
    assert cli.main(arguments=[*words, "--strict"]) == 3


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    """Two files whose difference breaks whoever reads the answer."""
    for name, document_ in (("old.json", response(AB)), ("new.json", response(ABC))):
        (tmp_path / name).write_text(json.dumps(document_, indent=1))
    return [str(tmp_path / "old.json"), str(tmp_path / "new.json")]


def test_change_is_a_line_with_its_example_and_both_places(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Grouped by operation; the value in the example came with the change."""
    assert cli.main(arguments=["diff", *pair]) == 1
    heading, line, sample, *_ = capsys.readouterr().out.splitlines()
    assert heading == "POST /things"
    numbers = [next(n for n, text in enumerate(read(name), 1) if '"enum"' in text) for name in pair]
    places = " ".join(f"{name}:{number}" for name, number in zip(pair, numbers, strict=True))
    change = 'breaking  BG-DIFF-207  response 200, application/json: value added: "c"'
    assert line.strip() == f"{change}  {places}"
    assert sample.strip() == 'may come now, could not before: "c"'


def read(name: str) -> list[str]:
    return Path(name).read_text().splitlines()


def test_diff_prints_what_pull_requests_and_code_scanning_read(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Markdown, SARIF and annotations hold the rule, the place and the example."""
    for form in ("markdown", "sarif", "annotations", "json"):
        assert cli.main(arguments=["diff", *pair, "--format", form]) == 1
        printed = capsys.readouterr().out
        assert "BG-DIFF-207" in printed
        assert "may come now, could not before" in printed
        if form in ("sarif", "json"):
            json.loads(printed)


def test_mildest_change_that_fails_can_be_chosen(pair: list[str]) -> None:
    assert cli.main(arguments=["diff", *pair, "--fail-on", "none"]) == 0
    assert cli.main(arguments=["diff", *pair[::-1]]) == 0
    assert cli.main(arguments=["diff", *pair[::-1], "--fail-on", "safe"]) == 1


ACCEPTED = """[[accepted]]
id = "third-word"
changes = ["BG-DIFF-207 POST /things"]
owner = "portal team"
reason = "the portal shows unknown words as they are"
expires = {day}
"""


def test_accepted_change_does_not_fail_until_its_day_and_never_stays(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An acceptance fails where its last day is over, and where nothing needs it any more."""
    file = tmp_path / "accepted.toml"
    file.write_text(ACCEPTED.format(day="2999-12-31"))
    assert cli.main(arguments=["diff", *pair, "--accept", str(file)]) == 0
    assert "accepted until 2999-12-31 (third-word, portal team)" in capsys.readouterr().out
    assert cli.main(arguments=["diff", *pair[::-1], "--accept", str(file)]) == 1
    assert "accepts no change" in capsys.readouterr().out
    file.write_text(ACCEPTED.format(day="2020-01-01"))
    assert cli.main(arguments=["diff", *pair, "--accept", str(file)]) == 1
    assert "expired on 2020-01-01" in capsys.readouterr().out
    file.write_text("[[accepted]]\nid = 3\n")
    assert cli.main(arguments=["diff", *pair, "--accept", str(file)]) == 2


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two revisions of the contract, as the current directory."""
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    contract = tmp_path / PUBLISHED.relative_to(ROOT)
    contract.parent.mkdir(parents=True)
    (tmp_path / "other.txt").write_text("[")
    author = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    subprocess.run(["git", "init", "-q", "-b", "main"], check=True)
    for text in (SMALL, LARGER):
        contract.write_text(text)
        subprocess.run(["git", "add", "-A"], check=True)
        subprocess.run(["git", *author, "commit", "-q", "-m", "text"], check=True)
    return contract


def test_diff_compares_files_of_git_revisions(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A revision means the published contract as it was then; REVISION:PATH any file of it."""
    name = PUBLISHED.relative_to(ROOT).as_posix()
    assert cli.main(pack(), arguments=["diff", "main~1", "main"]) == 1
    assert "BG-DIFF-207" in capsys.readouterr().out
    assert cli.main(pack(), arguments=["diff", "HEAD", f"main:{name}"]) == 0
    assert "identical" in capsys.readouterr().out
    assert cli.main(pack(), arguments=["diff", "HEAD", str(repository)]) == 0
    assert cli.main(pack(), arguments=["diff", "HEAD", "HEAD:nothing.yaml"]) == 3
    assert "no file nothing.yaml" in capsys.readouterr().err
    assert cli.main(pack(), arguments=["diff", "HEAD", "HEAD:other.txt"]) == 3
    assert "expected YAML" in capsys.readouterr().err
    assert cli.main(arguments=["diff", "HEAD", f"HEAD:{name}"]) == 3
    assert "REVISION:PATH" in capsys.readouterr().err


UNREADABLE = {
    "not YAML": ("openapi: [", "expected YAML"),
    "duplicate key": ("openapi: 3.1.0\nopenapi: 3.1.0\n", "every key once"),
    "Swagger": ("swagger: '2.0'\ninfo: {}\npaths: {}\n", "not Swagger 2.0"),
    "breaks the schema of OpenAPI": (json.dumps(document({"/a": {"get": "nothing"}})), "OpenAPI 3.1 at /paths/~1a/get"),
    "components that are a list": (json.dumps({**document({}), "components": [1]}), "OpenAPI 3.1 at /components"),
    "not JSON Schema": (json.dumps(response({"type": "strin"})), "JSON Schema at /paths/~1things/post"),
    "dangling reference": (json.dumps(response({"$ref": "#/components/schemas/Gone"})), "leads somewhere"),
    "reference elsewhere": (json.dumps(response({"$ref": "other.yaml#/X"})), "'other.yaml' to be a file"),
    "reference to itself": (
        json.dumps(response({"$ref": "#/components/schemas/Loop"}, Loop={"$ref": "#/components/schemas/Loop"})),
        "leads only to itself",
    ),
}


@pytest.mark.parametrize(("text", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_document_that_does_not_load_is_exit_code_3(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A document that is not whole is an error, even against itself: nothing compared is never "no change"."""
    broken = tmp_path / "broken.yaml"
    broken.write_text(text)
    assert cli.main(arguments=["diff", str(broken), str(broken)]) == 3
    assert message in capsys.readouterr().err


def chain(last: dict[str, object]) -> str:
    """A document with seven hundred schemas, each of which refers to the next."""
    links = {f"S{n}": {"properties": {"a": {"$ref": f"#/components/schemas/S{n + 1}"}}} for n in range(700)}
    return json.dumps(response({"$ref": "#/components/schemas/S0"}, **links, S700=last))


def test_change_below_too_many_references_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(chain(AB))
    new.write_text(chain({"type": "integer"}))
    assert cli.main(arguments=["diff", str(old), str(old)]) == 0
    assert cli.main(arguments=["diff", str(old), str(new)]) == 3
    assert "nested too deeply" in capsys.readouterr().err


def test_edited_text_is_no_change_but_not_identical(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(PUBLISHED.read_text(encoding="utf-8").replace("List the questions", "Name the questions"))
    assert cli.main(arguments=["diff", str(PUBLISHED), str(other)]) == 0
    assert "only texts" in capsys.readouterr().out


def test_explain_prints_a_rule_of_the_diff(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments=["explain", "bg-diff-207"]) == 0
    printed = capsys.readouterr().out
    assert "BG-DIFF-207 (breaking): Response: value added to an enum." in printed
    assert 'after  {"type": "string", "enum": ["a", "b", "c"]}' in printed
