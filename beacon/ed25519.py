"""Ed25519 keys that bind their owner to nothing, by the arithmetic of the curve (RFC 8032, section 5.1)."""

from __future__ import annotations

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
COFACTOR = 8
IDENTITY = (0, 1)

Point = tuple[int, int]


def binds_nothing(key: bytes) -> bool:
    """Return whether a key is no canonical encoding, or that of a point whose order divides the cofactor."""
    point = decoded(key)
    y, sign = int.from_bytes(key, "little") % 2**255, key[-1] >> 7
    if y >= P or (point is not None and point[0] == 0 and sign):
        return True
    if point is None:  # no point at all; the verification refuses it
        return False
    for _ in range(COFACTOR.bit_length() - 1):
        point = add(point, point)
    return point == IDENTITY


def decoded(key: bytes) -> Point | None:
    """The point of an encoding, which need not be canonical; None where y belongs to no point."""
    y, sign = int.from_bytes(key, "little") % 2**255 % P, key[-1] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P:
        return None
    return (P - x if x % 2 != sign else x) % P, y


def add(a: Point, b: Point) -> Point:
    """The sum of two points."""
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def weak_keys() -> list[bytes]:
    """Every encoding, canonical or not, of the points of small order."""
    points = _small_order()
    ys = {(y + extra, x) for x, y in points for extra in (0, P) if y + extra < 2**255}
    return sorted((y | sign << 255).to_bytes(32, "little") for y, x in ys for sign in ((x % 2,) if x else (0, 1)))


def _small_order() -> set[Point]:
    """The multiples of a point of order 8: any point times the large prime order, until one has all eight."""
    prime_order = 2**252 + 27742317777372353535851937790883648493
    for y in range(2, 100):
        point = decoded(y.to_bytes(32, "little"))
        torsion = multiple(point, prime_order) if point else IDENTITY
        points = {multiple(torsion, number) for number in range(COFACTOR)}
        if len(points) == COFACTOR:
            return points
    raise ArithmeticError("no point of order 8 among those with a small y")


def multiple(point: Point, number: int) -> Point:
    """A point times a number."""
    result = IDENTITY
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result
