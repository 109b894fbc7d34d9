"""The one comment of the gate on a pull request: found by its marker, then created or updated."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import httpx

from gate.core.errors import GateError

TOKEN = "COMMENT_TOKEN"  # noqa: S105 (the name of a variable)
MARKER = "<!-- beacon-gate -->"
"""The beginning of the comment, which a reader does not see."""
LONGEST = 60_000
"""Characters of the summary; the code host takes 65,536 in a comment."""
SECONDS = 20
MOST_PAGES = 30
_PULL = re.compile(r"refs/pull/(\d+)/")


def comment(summary: str) -> str:
    """Puts a summary on the pull request that the environment names; returns a sentence, raises GateError."""
    pull = _PULL.match(os.environ.get("GITHUB_REF", ""))
    if not pull:
        return "No comment was written: this is not the run of a pull request."
    text = summary if len(summary) <= LONGEST else f"{summary[:LONGEST]}\n\nThe rest is in the reports.\n"
    body = {"body": f"{MARKER}\n{text}"}
    root = os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    issues = f"{root}/repos/{os.environ.get('GITHUB_REPOSITORY', '')}/issues"
    headers = {"Authorization": f"Bearer {os.environ[TOKEN]}", "Accept": "application/vnd.github+json"}
    try:
        with httpx.Client(headers=headers, timeout=SECONDS) as client:
            listed = _comments(client, f"{issues}/{pull[1]}/comments")
            known = next((each for each in listed if str(each.get("body", "")).startswith(MARKER)), None)
            if known:
                _checked(client.patch(f"{issues}/comments/{known['id']}", json=body))
                return "The comment on the pull request was updated."
            _checked(client.post(f"{issues}/{pull[1]}/comments", json=body))
            return "A comment was added to the pull request."
    except (httpx.HTTPError, ValueError, KeyError) as error:
        message = f"The comment on the pull request was not written: {type(error).__name__}."
        raise GateError(message, "The verdict is in the summary of the job.") from error


def _comments(client: httpx.Client, url: str) -> Iterator[dict[str, Any]]:
    """The comments of a pull request, page by page."""
    for page in range(1, MOST_PAGES + 1):
        comments = _checked(client.get(url, params={"per_page": 100, "page": page})).json()
        yield from comments
        if len(comments) < 100:
            return


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    message = f"The comment on the pull request was not written: the code host answered {response.status_code}."
    raise GateError(message, "Give the job the permission pull-requests: write; a fork's token never has it.")
