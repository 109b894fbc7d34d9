"""Signature, key and time of a signed JobSpec are taken in the published spelling alone."""

from __future__ import annotations

import base64
import string
from collections.abc import Callable
from datetime import UTC, datetime

from beacon.jobs import Spec, sign
from beacon.scenario import Scenario

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def other_bits(text: str) -> str:
    """The same bytes with a bit beyond the last one."""
    body = text.rstrip("=")
    return body[:-1] + ALPHABET[ALPHABET.index(body[-1]) + 1] + text[len(body) :]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "the alphabet of URLs": lambda text: text.replace("+", "-").replace("/", "_"),
    "without padding": lambda text: text.rstrip("="),
    "more padding": lambda text: f"{text}=",
    "a line feed at the end": lambda text: f"{text}\n",
    "blanks around": lambda text: f" {text} ",
    "in two lines": lambda text: f"{text[:20]}\r\n{text[20:]}",
    "hexadecimal": lambda text: base64.b64decode(text).hex(),
    "full-width": lambda text: "".join(chr(ord(letter) + 0xFEE0) for letter in text),
    "a blank without width": lambda text: f"{text}\u200b",
    "twice": lambda text: text + text,
}


def signed(scenario: Scenario, member: str) -> Spec:
    """A signed JobSpec whose member has a letter that another alphabet spells in another way."""
    while True:
        spec = sign(scenario.spec(regions=["US"]), nonce=scenario.new_id())
        if member == "public_key" or {"+", "/"} & set(spec[member]):
            return spec


def test_base64_is_taken_in_its_standard_spelling_alone(scenario: Scenario, workflow: str) -> None:
    for member in ("signature", "public_key"):
        spec = signed(scenario, member)
        for name, spell in SPELLINGS.items():
            if (text := spell(spec[member])) != spec[member]:
                answer = scenario.send({**spec, member: text}, workflow)
                assert (answer.status, answer.error_code) == (400, f"invalid_encoding:{member}"), (member, name)
        scenario.submit({**spec, member: other_bits(spec[member])}, workflow).wait("completed")


def test_nonce_is_that_of_a_key_in_any_spelling(scenario: Scenario, workflow: str) -> None:
    spec = sign(scenario.spec(regions=["US"]), nonce=scenario.new_id())
    scenario.submit(spec, workflow).wait("completed")
    again = {**spec, "id": scenario.new_id(), "public_key": other_bits(spec["public_key"])}
    answer = scenario.send(again, workflow)
    assert (answer.status, answer.error_code) == (400, "replay_detected")


def moment(form: str) -> str:
    return datetime.now(UTC).strftime(form)


ACCEPTED = (
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dt%H:%M:%Sz",
    "%Y-%m-%dT%H:%M:%S.123456789Z",
    "%Y-%m-%dT%H:%M:%S.1234567890123Z",
    "%Y-%m-%dT%H:%M:%S-00:00",
)
REFUSED = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ\n",
    " %Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%MZ",
    "%Y%m%dT%H%M%SZ",
    "%Y-%m-%dT%H:%M:%S+0000",
    "%Y-%m-%dT%H:%M:%S,5Z",
    "%Y-%m-%dT%H:%M:%S.Z",
    "%Y-%m-%dT%H:%M:%S UTC",
    "%s",
    "%Y-13-%dT%H:%M:%SZ",
    "\uff12\uff10%y-%m-%dT%H:%M:%SZ",
)


def test_timestamp_is_taken_in_the_form_of_rfc_3339_alone(scenario: Scenario, workflow: str) -> None:
    for form in ACCEPTED:
        spec = sign(scenario.spec(regions=["US"]), nonce=scenario.new_id(), timestamp=moment(form))
        scenario.submit(spec, workflow).wait("completed")
    for form in REFUSED:
        answer = scenario.send(sign(scenario.spec(), nonce=scenario.new_id(), timestamp=moment(form)), workflow)
        assert (answer.status, answer.error_code) == (400, "timestamp_invalid"), form
        assert answer.json["details"] == {"reason": "format_invalid"}
