"""Brings a document that refers to other files, or to names of JSON Schema, into one with references ``#/...``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin

from gate.contract.grammar import SECTIONS, Tokens, kind_at, part, rebuilt
from gate.core import pointer as pointers
from gate.core.documents import load_text, parse_yaml
from gate.core.errors import DocumentError, GateError

IN_PLACE = frozenset({"paths", "components", "path", "operation", "responses", "media", "encoding"})
"""Kinds of parts without a name in components; tools take a reference to one, so its target is put in its place."""
NAMES = ("$id", "$anchor", "$dynamicAnchor")
VALUES = frozenset({"const", "enum", "default", "example", "examples"})
Scope = frozenset[tuple[str, str, str]]
"""The schemas that dynamic references mean here: the name, the file and the pointer of each."""
SAFE = "/~!$&'()*+,;=:@-._?"
"""Characters that a fragment may have beside letters and digits."""
FILE = re.compile(r"[#/]|\.(ya?ml|json)$")
"""A word of a discriminator's mapping that is a reference and not the name of a schema."""


LOCAL = re.compile("#/components/([A-Za-z]+)/[A-Za-z0-9._-]+")
"""A reference to a component of the same file, written in the one way that is used afterwards."""


def settled(kind: str, value: Any, place: Tokens) -> bool:
    """Return whether a bundle leaves a part of a document as it is, as most are of which all is in one file."""
    if not isinstance(value, dict):
        return place[-1:] != ("$ref",)
    if isinstance(value.get("$ref"), str) and not _local(kind, value["$ref"]):
        return False
    if kind != "schema":
        return True
    choice = value.get("discriminator")
    words = choice.get("mapping") if isinstance(choice, dict) else None
    targets = words.values() if isinstance(words, dict) else ()
    own = all(_local("schema", each) for each in targets if isinstance(each, str) and FILE.search(each))
    return own and value.keys().isdisjoint((*NAMES, "$dynamicRef"))


def _local(kind: str, reference: str) -> bool:
    match = LOCAL.fullmatch(reference)
    return match is not None and match[1] == SECTIONS.get(kind)


@dataclass(slots=True)
class _File:
    """A file of the document, and the names that its schemas give themselves."""

    name: str
    value: Any
    bases: dict[str, str] = field(default_factory=dict)  # URI of each $id by its pointer
    anchors: dict[str, list[str]] = field(default_factory=dict)  # pointers by name
    dynamic: set[str] = field(default_factory=set)

    def resource(self, pointer: str) -> str:
        """The pointer of the innermost schema with an ``$id`` around a place; empty for the file."""
        return max((base for base in self.bases if f"{pointer}/".startswith(f"{base}/")), key=len, default="")


def read_beside(path: Path) -> Callable[[str], str]:
    """Reads files by their name relative to the directory of ``path``, which they must not leave by links either."""
    directory = path.parent.resolve()

    def read(name: str) -> str:
        target = (directory / name).resolve()
        if not target.is_relative_to(directory):
            raise DocumentError(path, None, f"a file within {path.parent} behind {name}, not a link out of it")
        return load_text(target)

    return read


class Bundle:
    """A document and the files of its directory that it refers to; raises DocumentError."""

    def __init__(self, document: dict[str, Any], text: str, path: Path, read: Callable[[str], str]) -> None:
        self._path, self._read = path, read
        self._files = {path.name: self._named(_File(path.name, document), text)}
        self._components: dict[str, dict[str, Any]] = {}
        components = document.get("components")
        self._taken = {
            section: set(names)
            for section, names in (components if isinstance(components, Mapping) else {}).items()
            if isinstance(names, Mapping)
        }
        self._moved: dict[tuple[str, str, str, Scope], str] = {}
        self._known: dict[tuple[str, str, str], str] = {}
        self._pending: list[tuple[str, str, str, str, Scope]] = []
        self._around: list[tuple[str, str]] = []

    def whole(self) -> dict[str, Any]:
        """The document with all that it refers to."""
        root = self._files[self._path.name]
        document: dict[str, Any] = self._visitor(root)("document", root.value, ())
        while self._pending:
            kind, name, file, pointer, scope = self._pending.pop()
            value = self._value(self._files[file], pointer, name)
            tokens = tuple(pointers.split(pointer))
            visit = self._visitor(self._files[file], scope)
            self._components.setdefault(SECTIONS[kind], {})[name] = visit(kind, value, tokens)
        if self._components:
            given = document.get("components") or {}
            merged = {section: {**(given.get(section) or {}), **new} for section, new in self._components.items()}
            document["components"] = {**given, **merged}
        return document

    def _visitor(self, file: _File, scope: Scope = frozenset()) -> Callable[[str, Any, Tokens], Any]:
        def visit(kind: str, value: Any, place: Tokens) -> Any:
            if not isinstance(value, dict):
                return value
            if kind == "schema" and isinstance(value.get("$id"), str):
                inner = self._entered(scope, file, pointers.join(*place))
                if inner != scope:
                    return self._visitor(file, inner)(kind, value, place)
            reference = value.get("$ref")
            if isinstance(reference, str) and kind in IN_PLACE:
                return self._put(kind, reference, value, file, place)
            result = rebuilt(kind, value, place, visit)
            for key, child in value.items():
                if not isinstance(child, dict) or not isinstance(child.get("$ref"), str):
                    continue
                members = self._filled(kind, key, child, file, place)
                if members:
                    result[key] = members
            if isinstance(reference, str) and kind in SECTIONS:
                result["$ref"] = self._local(kind, reference, file, place, scope)
            return self._schema(result, file, place, scope) if kind == "schema" else result

        return visit

    def _filled(self, kind: str, key: str, value: dict[str, Any], file: _File, place: Tokens) -> dict[str, Any] | None:
        """The members of a mapping of parts that is a reference to a mapping in another file; None for any other."""
        reference = value.get("$ref")
        form, below = part(kind, key) or ("", "")
        if form != "map" or not isinstance(reference, str):
            return None
        target, pointer = self._target(reference, file, (*place, key))
        there = self._value(target, pointer, reference, file, (*place, key))
        if not isinstance(there, Mapping):
            raise self._fault(file, (*place, key), f"a reference to a mapping, not {reference!r}")
        visit, tokens = self._visitor(target), tuple(pointers.split(pointer))
        return {name: visit(below, entry, (*tokens, name)) for name, entry in there.items()}

    def _entered(self, scope: Scope, file: _File, pointer: str) -> Scope:
        """The scope inside a schema or file with dynamic anchors; of those of one name, the outermost is meant."""
        resource, known = file.resource(pointer), {name for name, *_ in scope}
        own = {name: [at for at in file.anchors[name] if file.resource(at) == resource] for name in file.dynamic}
        places = ((name, file.name, listed[0]) for name, listed in own.items() if len(listed) == 1)
        return scope | {place for place in places if place[0] not in known}

    def _schema(self, schema: dict[str, Any], file: _File, place: Tokens, scope: Scope) -> dict[str, Any]:
        dynamic = schema.pop("$dynamicRef", None)
        if isinstance(dynamic, str):
            meant = next(((name, at) for word, name, at in scope if dynamic == f"#{word}"), None)
            if meant is not None:
                reference = self._copied("schema", *meant, scope)
            else:
                reference = self._local("schema", dynamic, file, (*place, "$dynamicRef"))
            if "$ref" in schema:
                schema["allOf"] = [*schema.get("allOf", ()), {"$ref": reference}]
            else:
                schema["$ref"] = reference
        mapping = schema.get("discriminator", {}).get("mapping") if isinstance(schema.get("discriminator"), dict) else 0
        if isinstance(mapping, dict):
            rewritten = {
                word: self._local("schema", target, file, (*place, "discriminator", "mapping", word))
                if isinstance(target, str) and FILE.search(target)
                else target
                for word, target in mapping.items()
            }
            schema["discriminator"] = {**schema["discriminator"], "mapping": rewritten}
        for name in [name for name in NAMES if isinstance(schema.get(name), str)]:
            del schema[name]
        return schema

    def _put(self, kind: str, reference: str, value: Mapping[str, Any], file: _File, place: Tokens) -> Any:
        """The target of a reference in place of it, with what stands beside the reference."""
        target, pointer = self._target(reference, file, place)
        if (target.name, pointer) in self._around:
            raise self._fault(file, place, f"a reference that leads to something, not {reference!r} to itself")
        self._around.append((target.name, pointer))
        there = self._visitor(target)(
            kind, self._value(target, pointer, reference, file, place), tuple(pointers.split(pointer))
        )
        self._around.pop()
        if not isinstance(there, Mapping):
            raise self._fault(file, place, f"a reference to a mapping, not {reference!r}")
        beside = {key: child for key, child in value.items() if key != "$ref"}
        return {**there, **self._visitor(file)(kind, beside, place)}

    def _local(self, kind: str, reference: str, file: _File, place: Tokens, scope: Scope = frozenset()) -> str:
        """The reference within the whole document to what ``reference`` names, as it is meant in a scope."""
        if scope:
            target, pointer = self._target(reference, file, place)
            self._value(target, pointer, reference, file, place)
            return self._copied(kind, target.name, pointer, self._entered(scope, target, pointer))
        if file.bases:  # which the place decides about
            return self._resolved(kind, reference, file, place)
        key = (kind, reference, file.name)
        if key not in self._known:
            self._known[key] = self._resolved(kind, reference, file, place)
        return self._known[key]

    def _resolved(self, kind: str, reference: str, file: _File, place: Tokens) -> str:
        target, pointer = self._target(reference, file, place)
        root = target.name == self._path.name
        if root and (not pointer or kind_at(tuple(pointers.split(pointer))) == kind):
            return f"#{quote(pointer, safe=SAFE)}"
        self._value(target, pointer, reference, file, place)
        return self._copied(kind, target.name, pointer, self._entered(frozenset(), target, pointer))

    def _copied(self, kind: str, file: str, pointer: str, scope: Scope) -> str:
        """The reference to a component of its own for a part, as it is meant in a scope."""
        key = (kind, file, pointer, scope)
        if key not in self._moved:
            name = self._free_name(SECTIONS[kind], file, pointer)
            self._moved[key] = f"#/components/{SECTIONS[kind]}/{name}"
            self._pending.append((kind, name, file, pointer, scope))
        return self._moved[key]

    def _free_name(self, section: str, file: str, pointer: str) -> str:
        last = pointers.split(pointer)[-1] if pointer else posixpath.basename(file).partition(".")[0]
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", last) or "part"
        taken, name, number = self._taken.setdefault(section, set()), plain, 2
        while name in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name)
        return name

    def _target(self, reference: str, file: _File, place: Tokens) -> tuple[_File, str]:
        """The file and the pointer that a reference names."""
        resource = file.resource(pointers.join(*place))
        url, fragment = urldefrag(reference)
        if url:
            known = self._identified(urljoin(file.bases.get(resource, ""), url))
            target, resource = known or (self._file(url, file, place), "")
        else:
            target = file
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return target, self._anchor(fragment, target, resource, file, place, reference)
        within = resource + fragment
        return target, within if resource and self._exists(target, within) else (fragment if not url else within)

    def _anchor(self, name: str, target: _File, resource: str, file: _File, place: Tokens, reference: str) -> str:
        outcome = target.anchors.get(name, [])
        own = [pointer for pointer in outcome if target.resource(pointer) == resource] or outcome
        if name in target.dynamic and len(outcome) > 1:
            raise self._fault(
                file,
                place,
                f"one $dynamicAnchor {name!r}, not {len(outcome)}: which one is meant depends on the request",
            )
        if len(own) != 1:
            raise self._fault(file, place, f"a reference to one place, not {reference!r}: there are {len(own)}")
        return own[0]

    def _identified(self, uri: str) -> tuple[_File, str] | None:
        for file in self._files.values():
            for pointer, base in file.bases.items():
                if base.rstrip("#") == uri:
                    return file, pointer
        return None

    def _file(self, url: str, file: _File, place: Tokens) -> _File:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(file.name), unquote(url)))
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", url):
            raise self._fault(
                file, place, f"a reference to a file of the directory, not to {url}, which is not fetched"
            )
        if name.startswith(("../", "/")) or name == "..":
            raise self._fault(file, place, f"a reference to a file within the document's directory, not {url!r}")
        if name not in self._files:
            try:
                text = self._read(name)
            except DocumentError as error:
                raise self._fault(file, place, f"{url!r} to be {error.expected}") from error
            except GateError as error:
                raise self._fault(file, place, f"a file {url!r}") from error
            self._files[name] = self._named(_File(name, parse_yaml(text, self._path.parent / name)), text)
        return self._files[name]

    def _named(self, file: _File, text: str) -> _File:
        for pointer, value in _mappings(file.value, "") if any(name in text for name in NAMES) else ():
            if isinstance(value.get("$id"), str):
                around = file.resource(pointer)
                file.bases[pointer] = urljoin(file.bases.get(around, ""), value["$id"])
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(value.get(keyword), str):
                    file.anchors.setdefault(value[keyword], []).append(pointer)
                    file.dynamic |= {value[keyword]} if keyword == "$dynamicAnchor" else set()
        return file

    def _exists(self, file: _File, pointer: str) -> bool:
        try:
            pointers.resolve(file.value, pointer)
        except LookupError:
            return False
        return True

    def _value(self, target: _File, pointer: str, reference: str, file: _File | None = None, place: Tokens = ()) -> Any:
        try:
            return pointers.resolve(target.value, pointer)
        except LookupError as error:
            raise self._fault(file or target, place, f"a reference that leads somewhere, not {reference!r}") from error

    def _fault(self, file: _File, place: Tokens, expected: str) -> DocumentError:
        return DocumentError(self._path.parent / file.name, None, f"{expected}, at {pointers.join(*place) or '/'}")


def _mappings(value: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping that is no example or other value of the author's, with its place."""
    if isinstance(value, Mapping):
        yield pointer, value
        for key, child in value.items():
            if isinstance(child, Mapping | list) and key not in VALUES:
                yield from _mappings(child, pointer + pointers.join(key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, Mapping | list):
                yield from _mappings(child, f"{pointer}/{index}")
