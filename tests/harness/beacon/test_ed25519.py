"""Keys that bind nothing are those of small order, and other spellings of a key."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon.ed25519 import IDENTITY, P, add, binds_nothing, decoded, multiple, weak_keys
from beacon.jobs import key

BASE = decoded((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
"""The base point: y = 4/5, x even (RFC 8032, section 5.1)."""


@pytest.mark.parametrize("weak", weak_keys(), ids=bytes.hex)
def test_point_of_small_order_binds_nothing(weak: bytes) -> None:
    assert binds_nothing(weak)


def test_there_are_eight_such_points_and_six_more_spellings() -> None:
    points = [decoded(weak) for weak in weak_keys()]
    assert (len(points), len(set(points))) == (14, 8)


def test_library_accepts_a_forged_signature_for_one_of_them() -> None:
    assert BASE is not None
    y, sign = BASE[1], BASE[0] % 2
    forged = (y | sign << 255).to_bytes(32, "little") + b"\1" + bytes(31)
    Ed25519PublicKey.from_public_bytes(b"\1" + bytes(31)).verify(forged, b"any message")


def test_honest_key_binds() -> None:
    assert not binds_nothing(key().public_key().public_bytes_raw())


@pytest.mark.parametrize("y", [P + 2, P + 18])
@pytest.mark.parametrize("sign", [0, 1])
def test_encoding_with_y_from_the_prime_on_binds_nothing(y: int, sign: int) -> None:
    assert binds_nothing((y | sign << 255).to_bytes(32, "little"))


def test_base_point_has_the_prime_order() -> None:
    assert BASE is not None
    assert multiple(BASE, 2**252 + 27742317777372353535851937790883648493) == IDENTITY
    assert add(BASE, IDENTITY) == BASE
