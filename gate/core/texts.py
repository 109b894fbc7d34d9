"""Texts that a person reads."""

from __future__ import annotations


def clip(text: str, limit: int = 300) -> str:
    """The text itself, or its first ``limit`` characters and its length."""
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
