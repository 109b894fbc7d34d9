"""A consumer contract held against a live runner, by the verifier of the Pact Foundation.

Job ids, signatures and idempotency keys of the recording were good once. Each run puts fresh ones in their place, so
that it can be repeated on the same runner. The states that the interactions speak of are brought about before.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gate.consumer.pact import Json, Pact, read
from gate.errors import GateError
from gate.findings import Finding
from gate.jobs import sign

WRAPPERS = ("job_spec", "jobspec")
IDS = ("id", "jobspec_id")
SIGNATURE = frozenset({"signature", "public_key"})
CODE = "BG-PORTAL-006"


def renewed(pact: Pact, new_id: Callable[[], str]) -> Pact:
    """The contract with job ids of this run, requests that are signed now, and idempotency keys that are new.

    A state's job keeps one id through all interactions; what an interaction submits has an id of its own.
    """
    of_states = {old: new_id() for one in pact.document["interactions"] for old in _state_ids(one)}
    made = []
    for one in pact.document["interactions"]:
        fresh = of_states | {old: new_id() for old in _sent_ids(one)}
        made.append(_signed(_replaced(one, fresh), new_id))
    return read({**pact.document, "interactions": made})


def states(pact: Pact) -> dict[str, Mapping[str, Any]]:
    """The parameters of each state that an interaction needs, by the id of the job in it."""
    return {
        str(state.params["id"]): state.params
        for one in pact.interactions
        for state in one.states
        if "id" in state.params
    }


def submitted(pact: Pact) -> list[str]:
    """The ids of the jobs that the interactions submit."""
    sent = [one for one in pact.document["interactions"] if int(one["response"]["status"]) < 400]
    return [job for one in sent for job in _sent_ids(one)]


def verify(pact: Pact, base_url: str, seconds: float = 15.0) -> list[Finding]:
    """Sends every interaction to a runner and says what an answer lacks; one answer may take so many seconds.

    What the interactions need has to be there. GateError where the verifier cannot be used or did not verify anything.
    """
    os.environ["PACT_DO_NOT_TRACK"] = "true"  # the library would report its use to its makers
    try:
        from pact import Verifier  # noqa: PLC0415 (a large library, that nothing else needs)
    except ImportError as error:
        message = "pact-python is not installed, so no consumer contract can be verified."
        raise GateError(message, "Run uv sync, which installs it.") from error
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pact.json")
        path.write_text(json.dumps(pact.document), encoding="utf-8")
        verifier = Verifier(pact.provider, host="127.0.0.1").add_transport(url=base_url).add_source(path)
        verifier.set_request_timeout(int(seconds * 1000)).set_coloured_output(enabled=False)
        with suppress(RuntimeError):  # what failed is in the results
            verifier.verify()
        results = verifier.results or {}
    return list(_findings(pact, results))


def _findings(pact: Pact, results: Json) -> Iterator[Finding]:
    told = {one["description"]: one["result"] for one in results.get("interactionResults", [])}
    if missing := [one.description for one in pact.interactions if one.description not in told]:
        raise GateError(f"The verifier said nothing of {len(missing)} interactions, such as {missing[0]!r}.")
    for error in results.get("errors", []):
        name = max((one for one in told if error["interaction"].endswith(one)), key=len)
        mismatch = error["mismatch"]
        for one in mismatch.get("mismatches", [mismatch]):
            place = one.get("path") or one.get("key") or one["type"].removesuffix("Mismatch").lower()
            expected, got = _short(one.get("expected", "an answer")), _short(one.get("actual", one.get("message", "")))
            yield Finding(CODE, f"{name} {place}", expected, one.get("mismatch", got)[:300])


def _short(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value))[:300]


def _state_ids(interaction: Json) -> list[str]:
    return [state["params"]["id"] for state in interaction.get("providerStates", []) if "id" in state.get("params", {})]


def _sent_ids(interaction: Json) -> list[str]:
    spec = _spec(interaction)
    return [str(spec[name]) for name in IDS if name in spec]


def _spec(interaction: Json) -> Json:
    """The JobSpec in a request; empty where there is none."""
    body = interaction["request"].get("body", {}).get("content")
    if not isinstance(body, dict):
        return {}
    found = next((body[name] for name in WRAPPERS if name in body), body)
    return found if isinstance(found, dict) else {}


def _replaced(value: Any, fresh: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(member, fresh) for name, member in value.items()}
    if isinstance(value, list):
        return [_replaced(member, fresh) for member in value]
    if isinstance(value, str) and fresh:
        longest_first = "|".join(map(re.escape, sorted(fresh, key=len, reverse=True)))
        return re.sub(longest_first, lambda found: fresh[found[0]], value)
    return value


def _signed(interaction: Json, new_id: Callable[[], str]) -> Json:
    spec = _spec(interaction)
    if "signature" in spec:
        spec.update(sign({name: value for name, value in spec.items() if name not in SIGNATURE}, nonce=new_id()))
    headers = interaction["request"].get("headers", {})
    for name in headers:
        if name.lower() == "idempotency-key":
            headers[name] = [new_id()]
    return interaction
