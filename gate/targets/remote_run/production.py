"""Addresses that look like production."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Production:
    """Marks of an address of production.

    Args:
        words: words in the name of a host or in the path of a URL, between anything that is no letter.
        domains: domains of the deployed product; every host below them counts.

    """

    words: Sequence[str] = ()
    domains: Sequence[str] = ()

    def why(self, url: str) -> str:
        """Why an address looks like production, without the address' secrets; empty where it does not."""
        try:
            parts = urlsplit(url)
            host, path = (parts.hostname or "").lower().rstrip("."), unquote(parts.path.strip("/")).lower()
        except ValueError:
            return ""  # no address, which its option refuses
        for domain in self.domains:
            if host == domain or host.endswith(f".{domain}"):
                return f"its host belongs to {domain}"
        for name, text in (("host", host), ("path", path)):
            word = next((word for word in re.split(r"[^a-z]+", text) if word in self.words), None)
            if word:
                return f"its {name} has the word {word!r}"
        return ""
