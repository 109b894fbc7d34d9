"""Builders of job specifications, and their signature."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon.awkward import AWKWARD_NUMBERS, AWKWARD_TEXT
from contracts.database.formats import Question

MODELS = ("llama3.2-1b", "mistral-7b", "qwen2.5-1.5b")
QUESTIONS: tuple[str, ...] = get_args(Question)
NANOSECONDS = 1_000_000_000
NUMBERS = "numbers"
"""Member of the metadata with numbers that a signature cannot cover."""
UNSIGNED = frozenset({"signature", "public_key", "id", "created_at"})
"""Members of a JobSpec that its signature does not cover."""

Spec = dict[str, Any]


def spec(
    job_id: str | None,
    *,
    regions: Sequence[str] = ("US", "EU"),
    models: Sequence[str] = MODELS[:1],
    questions: Sequence[str] = QUESTIONS[:1],
    **constraints: float,
) -> Spec:
    """A complete JobSpec that the published contract accepts, for either workflow."""
    return {
        **({"id": job_id} if job_id else {}),
        "version": "v1",
        "benchmark": {
            "name": "bias-detection",
            "description": f"Asks the same questions in several regions {AWKWARD_TEXT}",
            "container": {"image": "beacon/bias-detection:1"},
            "input": {"type": "prompt", "data": {"prompt": questions[0] if questions else ""}, "hash": "sha256:0"},
        },
        "constraints": {"regions": list(regions), **constraints},
        "metadata": {"created_by": "gate", AWKWARD_TEXT: {AWKWARD_TEXT: [AWKWARD_TEXT]}, NUMBERS: AWKWARD_NUMBERS},
        "models": [{"id": model, "name": model, "provider": "hybrid"} for model in models],
        "questions": list(questions),
        "wallet_auth": {"proofs": ["proof-of-a-wallet"]},
    }


def wrap(job_spec: Mapping[str, Any], *, spelling: str = "job_spec", **members: Any) -> Spec:
    """The wrapper in which workflow B takes a JobSpec; ``members`` are added to it or replace its own."""
    return {spelling: dict(job_spec), "target_regions": list(job_spec["constraints"]["regions"]), **members}


def canonical(job_spec: Mapping[str, Any]) -> bytes:
    """The bytes that a signature covers: RFC 8785 canonical JSON without the members that are not signed."""
    return rfc8785.dumps({name: value for name, value in job_spec.items() if name not in UNSIGNED})


def key(seed: int = 1) -> Ed25519PrivateKey:
    """An Ed25519 key that is the same for the same seed."""
    return Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))


def sign(
    job_spec: Mapping[str, Any],
    *,
    nonce: str,
    private: Ed25519PrivateKey | None = None,
    timestamp: str | None = None,
) -> Spec:
    """``job_spec`` with a fresh timestamp, a nonce, the public key and the signature, but without ``NUMBERS``."""
    private = private or key()
    signed: Spec = dict(job_spec)
    signed["metadata"] = {
        **{name: value for name, value in job_spec.get("metadata", {}).items() if name != NUMBERS},
        "timestamp": timestamp or datetime.now(UTC).isoformat(),
        "nonce": nonce,
    }
    signature = private.sign(canonical(signed))
    public = private.public_key().public_bytes_raw()
    signed["signature"] = base64.b64encode(signature).decode()
    signed["public_key"] = base64.b64encode(public).decode()
    return signed
