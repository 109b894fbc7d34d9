"""Changes to the program in this process and to files of a copied checkout; a missing target is an error."""

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
    """The target of a patch is missing or has changed; the message names it."""


def replace(owner: Any, name: str, new: Any) -> Any:
    """Set ``owner.name`` to ``new`` and return the old value.

    Modules that imported the name keep the old value; patch each of them, or use ``edit``. PatchError if there is no
    such name, or if it is a function with other parameters than ``new``.
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
    """Replace ``old`` in the text ``owner.name``, such as SQL; PatchError unless it occurs ``times`` times."""
    if not isinstance(getattr(owner, name, None), str):
        raise PatchError(f"there is no text {owner.__name__}.{name}")
    setattr(owner, name, _replaced(getattr(owner, name), old, new, times, f"{owner.__name__}.{name}"))


def replace_entry(mapping: Any, key: Any, new: Any) -> Any:
    """Set an existing key of a dictionary to ``new`` and return the old value; PatchError if the key is missing."""
    if not isinstance(mapping, dict) or key not in mapping:
        raise PatchError(f"there is no entry {key!r}")
    old, mapping[key] = mapping[key], new
    return old


def edit(function: Callable[..., Any], *changes: tuple[str, str]) -> None:
    """Change a function as an edit of its source would, for every reference to it, routes included.

    Each change is a text that occurs in the source exactly once (else PatchError) and its replacement, in which names
    are those of the function's module. The function's parameters stay as they are.
    """
    if not isinstance(function, FunctionType):
        raise PatchError(f"{function!r} is no function")
    place = f"{function.__module__}.{function.__qualname__}"
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in changes:
        source = _replaced(source, old, new, 1, place)
    module = sys.modules[function.__module__]
    future = "from __future__ import annotations\n" if "annotations" in vars(module) else ""
    try:
        tree = ast.parse(source)
        compile(tree, place, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise PatchError(f"{place} is not valid Python with the patch: {error}") from error
    code = _code(compile(future + source, place, "exec", dont_inherit=True), function.__name__)
    if code.co_freevars != function.__code__.co_freevars:
        raise PatchError(f"{place} is not at the top level of its module or class, so it cannot be edited")
    function.__code__ = code


def _code(code: CodeType, name: str) -> CodeType:
    def functions(outer: CodeType) -> Iterator[CodeType]:
        for constant in outer.co_consts:
            if isinstance(constant, CodeType):
                if constant.co_name == name:
                    yield constant
                yield from functions(constant)

    return next(functions(code))


def edit_migration(version: int, *changes: tuple[str, str]) -> None:
    """Change the statements of a migration; each change as in ``edit``."""
    from runner import migrate  # noqa: PLC0415 (defects of files do without the runner)

    known = migrate.available()
    if not 1 <= version <= len(known):
        raise PatchError(f"there is no schema version {version}")
    up = known[version - 1].up
    for old, new in changes:
        up = _replaced(up, old, new, 1, known[version - 1].name)
    known[version - 1] = changed(known[version - 1], up=up)

    def available(directory: Path = migrate.DIRECTORY) -> list[migrate.Migration]:
        return known

    replace(migrate, "available", available)


def edit_file(path: str, *changes: tuple[str, str]) -> None:
    """Change a file of the copied checkout; each change as in ``edit``."""
    if not _files:
        raise PatchError(f"{path} is a file: apply the defect to a copy of the checkout")
    target = _files[-1] / path
    if not target.is_file():
        raise PatchError(f"there is no file {path}")
    text = target.read_text(encoding="utf-8")
    for old, new in changes:
        text = _replaced(text, old, new, 1, path)
    target.write_text(text, encoding="utf-8")


def files_in(directory: Path) -> None:
    """Make ``edit_file`` change the checkout that was copied to ``directory``."""
    _files.append(directory)


def _replaced(text: str, old: str, new: str, times: int, place: str) -> str:
    count = text.count(old)
    if count != times:
        raise PatchError(f"{place} has {old!r} {count} times instead of {times}")
    return text.replace(old, new)
