"""A document that cannot be used is one sentence with its place, whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beacon.contract import CONVENTIONS
from gate.contract import drift, pact
from gate.contract.document import Contract
from gate.core.documents import load_json, load_text, load_toml, parse_yaml
from gate.core.errors import DocumentError, GateError
from gate.core.options import read
from gate.core.settings import Settings
from gate.fuzz import replay
from gate.fuzz.plan import Plan
from gate.oracles import schema
from gate.session.pack import Stage
from gate.targets.remote_run import ledger
from gate.targets.remote_run.production import Production
from gate.verdict import baseline, profile, promises

LAUGHS = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
YAML = {
    "empty": ("", None),
    "words": ("on: yes\nno: off\nn: ~\n", {"on": "yes", "no": "off", "n": None}),
    "numbers": ("[1e3, 0x1F, 0o17, 010, 1_000, 1:30, -.5]", [1000.0, 31, 15, 10, "1_000", "1:30", -0.5]),
    "texts": ("['1', \"true\", !!str 1, 2025-10-08]", ["1", "true", "1", "2025-10-08"]),
    "JSON": ('{"a": "\\ud83d\\ude00", "b": "\\/", "c": 1e3}', {"a": "😀", "b": "/", "c": 1000.0}),
    "merge keys": (
        "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd:\n  <<: *b\n  '<': 4\n",
        {"a": {"x": 1, "y": 1}, "b": {"y": 2, "z": 2}, "c": {"x": 3, "y": 1, "z": 2}, "d": {"y": 2, "z": 2, "<": 4}},
    ),
    "merge key of a merge key": ("a: &a {x: 1}\nb: &b {<<: *a}\nc: {<<: *b}\n", {k: {"x": 1} for k in "abc"}),
    "quoted merge key": ("'<<': 1\n", {"<<": 1}),
    "integers as keys": ("200: a\n'201': b\n", {"200": "a", "201": "b"}),
    "types": ("[!!int '3', !!float 3, !!bool true, !!null '']", [3, 3, True, None]),
    "lines of Windows": ("a: 1\r\nb:\r\n- c\r\n", {"a": 1, "b": ["c"]}),
    "alias": ("a: &a [1]\nb: *a\n", {"a": [1], "b": [1]}),
}
REFUSED_YAML = {
    "double key": ("a: 1\nb: 2\na: 3\n", ":3: expected every key once; 'a' stands in line 1 already"),
    "double key in JSON": ('{\n"a": 1,\n"a": 2}', ":3: expected every key once"),
    "integer with zeros as key": ("012: a\n", ":1: expected a string as key, so '012' in quotes"),
    "fraction as key": ("1.5: a\n", ":1: expected a string as key, so '1.5' in quotes"),
    "word as key": ("a: 1\ntrue: a\n", ":2: expected a string as key, so 'true' in quotes"),
    "integer and its text as keys": ("200: a\n'200': b\n", ":2: expected every key once"),
    "value of another type": ("a: !!int x\n", ":1: expected a value of the type int, not 'x'"),
    "tab": ("a:\n\tb: 1\n", ":2: expected YAML that is indented with spaces, not tabs"),
    "list as key": ("? [a]\n: 1\n", "expected a string as key"),
    "two merge keys": ("a: &a {b: 1}\nc:\n  <<: *a\n  <<: *a\n", ":4: expected every key once"),
    "merge key of a number": ("c: {<<: 3}\n", ":1: expected a mapping, or a list of them"),
    "merge key of itself": ("a: &a\n  <<: *a\n", ":2: expected no alias inside"),
    "alias of itself": ("a: &a\n  b: *a\n", ":2: expected no alias inside"),
    "alias of nothing": ("a: *b\n", ":1: expected an anchor &b"),
    "aliases of aliases": (f"l0: &l0 [1]\n{LAUGHS}", "values, with all that aliases stand for"),
    "deep flow": ("[" * 100_000, "levels of nesting"),
    "deep blocks": ("- " * 100_000 + "a", "levels of nesting"),
    "deep JSON": ('{"a":' * 5000 + "1" + "}" * 5000, "levels of nesting"),
    "deep by aliases": (
        "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 150)),
        "levels of nesting",
    ),
    "not a number": ("a: .nan\n", ":1: expected a finite number"),
    "too large": ("a: 1e400\n", "expected a finite number at /a"),
    "too many digits": (f"a: {'9' * 5000}\n", ":1: expected a number of fewer digits"),
    "two documents": ("a: 1\n---\nb: 1\n", ":2: expected one document"),
    "tag": ("a: !!python/object:os.system x\n", ":1: expected no tag"),
    "not YAML": ("a: [1\n", "expected YAML"),
    "control character": ("a: \x07\n", "expected YAML"),
}


@pytest.mark.parametrize(("text", "value"), YAML.values(), ids=YAML)
def test_yaml_is_read_by_its_core_schema(text: str, value: Any) -> None:
    """YAML 1.2.2, section 10.3; JSON is YAML."""
    assert parse_yaml(text, Path("a.yaml")) == value


@pytest.mark.parametrize(("text", "message"), REFUSED_YAML.values(), ids=REFUSED_YAML)
def test_yaml_that_json_could_not_hold_is_refused(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse_yaml(text, Path("a.yaml"))
    assert message in refused.value.message
    assert len(refused.value.message) < 300


REFUSED_JSON = {
    "empty": (b"", ":1: expected JSON"),
    "double key": (b'{"a": 1, "a": 2}', "expected every key once, not 'a' twice at /"),
    "double key below": (b'{"a": [{"b": {}, "b": 1}]}', "expected every key once, not 'b' twice at /a/0"),
    "NaN": (b'{"a": [NaN]}', "expected a finite number at /a/0"),
    "large": (b'{"a": 1e400}', "expected a finite number at /a"),
    "deep": (b"[" * 100_000, "nested"),
    "digits": (b"9" * 5000, "number"),
    "half of a pair": (b'{"a": "\\ud800"}', "expected a text that UTF-8 can hold at /a"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), ":1: expected a readable UTF-8 file"),
    "UTF-16 without mark": ('{"a": 1}'.encode("utf-16-le"), "without NUL"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED_JSON.values(), ids=REFUSED_JSON)
def test_json_is_refused_with_its_place(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=f"^{path}.*") as refused:
        load_json(path)
    assert message in refused.value.message


def test_byte_order_mark_is_no_part_of_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf[1]")
    assert load_json(tmp_path / "a.json") == [1]


@pytest.mark.parametrize("name", ["absent", ".", "file/below"])
def test_path_that_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DocumentError, match="expected a file that can be read"):
        load_text(tmp_path / name)


def test_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("a = 1\nb = \n")
    with pytest.raises(DocumentError, match=f"^{path}:2: expected TOML"):
        load_toml(path, dict[str, int], "numbers")
    path.write_text(f"a = {'[' * 5000}{']' * 5000}")
    with pytest.raises(DocumentError, match="nested"):
        load_toml(path, dict[str, Any], "anything")


def _profile(path: Path) -> object:
    return profile.load(str(path), path.parent)


def _gate_toml(path: Path) -> object:
    return read(Settings, path.parent)


LOADERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "contract": ("a.yaml", lambda path: Contract.load(path, CONVENTIONS)),
    "schema": ("schema.txt", schema.load),
    "criteria": ("criteria.toml", promises.criteria),
    "drift": ("drift.toml", drift.accepted),
    "fuzz": ("fuzz.toml", Plan.load),
    "stages": ("stages.toml", lambda path: load_toml(path, dict[str, Stage], "stages")),
    "production": ("production.toml", lambda path: load_toml(path, Production, "words", "production")),
    "profile": ("profile.toml", _profile),
    "gate.toml": ("gate.toml", _gate_toml),
    "pact": ("pact.json", pact.load),
    "baseline": ("verdict.json", baseline.load),
    "replay": ("replay.json", replay.load),
    "ledger": ("ledger.ndjson", ledger.read),
}
CONTENTS = {
    "binary": b"\xff\xfe\x00",
    "list": b"- a\n",
    "JSON list": b"[1, [2]]\n",
    "wrong form": b'a = "b"\n[[criterion]]\nid = 1\n[[accepted]]\nside = 1\n[gate]\na = 1\n',
    "wrong JSON": b'{"version": 1, "findings": 3, "metadata": {"pactSpecification": []}, "openapi": "3.1.0"}\n',
    "deep": b"a = " + b"[" * 3000 + b"]" * 3000 + b"\n",
    "deep JSON": b"[" * 50_000,
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize(("name", "load"), LOADERS.values(), ids=LOADERS)
def test_every_loader_refuses_what_it_cannot_use(
    name: str, load: Callable[[Path], object], content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GateError) as refused:
        load(path)
    assert str(path) in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("name", "load"), [each for name, each in LOADERS.items() if name not in {"stages", "gate.toml"}]
)
def test_empty_file_is_refused(name: str, load: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(GateError) as refused:
        load(tmp_path / name)
    assert str(tmp_path / name) in refused.value.message


def test_contract_without_an_operation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n")
    with pytest.raises(DocumentError, match="expected an operation below paths"):
        Contract.load(path)
