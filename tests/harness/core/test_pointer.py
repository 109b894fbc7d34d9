"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from typing import Any

import pytest

from gate.core.pointer import join, resolve, split

DOCUMENT: dict[str, Any] = {"foo": ["bar", {"": 0}], "a/b": 1, "m~n": 8, "~1": 9, "0": 10}


@pytest.mark.parametrize(
    ("tokens", "pointer", "value"),
    [
        ((), "", DOCUMENT),
        (("foo", 1, ""), "/foo/1/", 0),
        (("a/b",), "/a~1b", 1),
        (("m~n",), "/m~0n", 8),
        (("~1",), "/~01", 9),
        (("0",), "/0", 10),
    ],
)
def test_pointer_leads_where_its_tokens_do(tokens: tuple[str | int, ...], pointer: str, value: Any) -> None:
    assert join(*tokens) == pointer
    assert split(pointer) == [str(token) for token in tokens]
    assert resolve(DOCUMENT, pointer) == value


@pytest.mark.parametrize("pointer", ["/nothing", "/foo/2", "/foo/-1", "/foo/bar", "/a~1b/0"])
def test_pointer_that_leads_nowhere_is_a_lookup_error(pointer: str) -> None:
    with pytest.raises(LookupError):
        resolve(DOCUMENT, pointer)
