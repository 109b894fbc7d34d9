"""Text and numbers that stand wherever the contract leaves a value free, so that each layer shows what it changes."""

from __future__ import annotations

AWKWARD_TEXT = (
    "50% of %s \\ \\u0041 \"q\" 'q' {0} ${x} `x` ; -- <b>&amp;</b>\r\n\t"
    "e\u0301\u00e9 \u0130\u0131\u00df \u202eabc\u202c \u05d0 \U0001f600\U0001f469\u200d\U0001f4bb \u2028\ufeff\x7f\x01 "
)
"""Metacharacters of SQL, JSON, HTML, shells and formats; line ends; combining, right-to-left and astral characters."""
AWKWARD_NUMBERS = [2**53 + 1, -(2**63) - 1, 10**30, 0.1, 5e-324, 1e308, 1e22, -0.5e-9]
"""Integers beyond a double, and decimals at its limits."""
