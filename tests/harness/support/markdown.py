"""Code blocks and links of the Markdown pages in a checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; ``options`` are the ``name=value`` words after its language."""

    page: str
    line: int
    language: str
    options: dict[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def needs(self) -> str:
        """Name of something that this machine may lack; empty where the block can run anywhere."""
        return self.options.get("needs", "")

    @property
    def commands(self) -> list[str]:
        """One command for each line, with continued lines joined."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip() and not line.startswith("#")]


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file; ``name`` is its path from the top of the checkout."""

    name: str
    text: str

    @classmethod
    def read(cls, root: Path, path: Path) -> Page:
        """The page in a file below ``root``."""
        return cls(str(path.relative_to(root)), path.read_text(encoding="utf-8"))

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in their order."""
        return list(self._blocks())

    def _blocks(self) -> Iterator[Block]:
        for match in FENCE.finditer(self.text):
            language, *words = match["info"].split() or [""]
            options = {name: value for name, _, value in (word.partition("=") for word in words)}
            line = self.text.count("\n", 0, match.start()) + 1
            yield Block(self.name, line, language, options, match["text"])

    @property
    def prose(self) -> str:
        """The text without its blocks."""
        return FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """The pieces of code in running text."""
        return CODE.findall(self.prose)

    @property
    def links(self) -> list[str]:
        """The addresses of links and images."""
        return LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """The fragments that the headings of the page can be reached by."""
        plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(self.prose))
        return {text.strip().replace(" ", "-") for text in plain}
