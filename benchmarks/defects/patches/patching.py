"""Changes to a program in this process, and to files of a copied checkout, that fail when their target is gone."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace as changed
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

_files: list[Path] = []


class PatchError(Exception):
    """What a patch changes is not there, or no longer what the patch was made for; the message says what."""


def replace(owner: Any, name: str, new: Any) -> Any:
    """Puts ``new`` in the place of ``owner.name`` and returns what stood there.

    Modules that have imported the name keep what they have: each of them is an owner of its own, or see ``edit``.
    PatchError where there is no such name, or where it is a function with other parameters than ``new``.
    """
    place = f"{getattr(owner, '__name__', type(owner).__name__)}.{name}"
    if not hasattr(owner, name):
        raise PatchError(f"there is no {place}")
    old = getattr(owner, name)
    if isinstance(old, FunctionType) and isinstance(new, FunctionType) and _names(old) != _names(new):
        raise PatchError(f"{place} takes ({', '.join(_names(old))}), the patch ({', '.join(_names(new))})")
    setattr(owner, name, new)
    return old


def _names(function: Callable[..., Any]) -> list[str]:
    return [name.lstrip("_") for name in inspect.signature(function).parameters]


def replace_text(owner: Any, name: str, old: str, new: str, *, times: int = 1) -> None:
    """Replaces ``old`` in the text ``owner.name``, a SQL statement for instance; PatchError if not there so often."""
    if not isinstance(getattr(owner, name, None), str):
        raise PatchError(f"there is no text {owner.__name__}.{name}")
    setattr(owner, name, _exchanged(getattr(owner, name), old, new, times, f"{owner.__name__}.{name}"))


def replace_entry(mapping: Any, key: Any, new: Any) -> Any:
    """Puts ``new`` under a key that a dictionary has and returns what stood there; PatchError without the key."""
    if not isinstance(mapping, dict) or key not in mapping:
        raise PatchError(f"there is no entry {key!r}")
    old, mapping[key] = mapping[key], new
    return old


def edit(function: Callable[..., Any], *changes: tuple[str, str]) -> None:
    """Changes a function of the program as an edit of its source would, for all who hold it, routes included.

    Each change is what stands in its source exactly once, and what is to stand there; PatchError where it does not.
    The function's parameters stay as they are. Names in the new text are those of the function's module.
    """
    if not isinstance(function, FunctionType):
        raise PatchError(f"{function!r} is no function")
    place = f"{function.__module__}.{function.__qualname__}"
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in changes:
        source = _exchanged(source, old, new, 1, place)
    module = sys.modules[function.__module__]
    future = "from __future__ import annotations\n" if "annotations" in vars(module) else ""
    try:
        tree = ast.parse(source)
        compile(tree, place, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise PatchError(f"{place} is no Python any more with the patch: {error}") from error
    code = _code(compile(future + source, place, "exec", dont_inherit=True), function.__name__)
    if code.co_freevars != function.__code__.co_freevars:
        raise PatchError(f"{place} is not at the top of its module or class, so it cannot be changed like this")
    function.__code__ = code


def _code(code: CodeType, name: str) -> CodeType:
    def found(inside: CodeType) -> Iterator[CodeType]:
        for constant in inside.co_consts:
            if isinstance(constant, CodeType):
                if constant.co_name == name:
                    yield constant
                yield from found(constant)

    return next(found(code))


def edit_migration(version: int, *changes: tuple[str, str]) -> None:
    """Changes the statements that lead to a schema version; each change as in ``edit``. For a defect of the schema."""
    from runner import migrate  # noqa: PLC0415 (a defect of a file is put there without the runner)

    known = migrate.available()
    if not 1 <= version <= len(known):
        raise PatchError(f"there is no schema version {version}")
    up = known[version - 1].up
    for old, new in changes:
        up = _exchanged(up, old, new, 1, known[version - 1].name)
    known[version - 1] = changed(known[version - 1], up=up)

    def available(directory: Path = migrate.DIRECTORY) -> list[migrate.Migration]:
        return known

    replace(migrate, "available", available)


def edit_file(path: str, *changes: tuple[str, str]) -> None:
    """Changes a file of the copied checkout; each change as in ``edit``. PatchError where it does not fit."""
    if not _files:
        raise PatchError(f"{path} is a file: the defect belongs into a copy of the checkout")
    target = _files[-1] / path
    if not target.is_file():
        raise PatchError(f"there is no file {path}")
    text = target.read_text(encoding="utf-8")
    for old, new in changes:
        text = _exchanged(text, old, new, 1, path)
    target.write_text(text, encoding="utf-8")


def files_in(directory: Path) -> None:
    """From now on ``edit_file`` changes the checkout that was copied to ``directory``."""
    _files.append(directory)


def _exchanged(text: str, old: str, new: str, times: int, place: str) -> str:
    count = text.count(old)
    if count != times:
        raise PatchError(f"{place} has {old!r} {count} times instead of {times}")
    return text.replace(old, new)
