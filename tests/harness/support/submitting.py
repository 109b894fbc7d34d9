"""Submits jobs to a runner through the guard until it is killed: ``submitting.py BASE_URL RUN DIRECTORY NUMBER``."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from beacon.api import Api
from beacon.jobs import sign, spec, wrap
from beacon.service import REMOTE
from gate.core.client import Client
from gate.core.ids import Ids
from gate.core.transport import WatchedTransport
from gate.targets.remote_run.address import Address, AddressedTransport
from gate.targets.remote_run.guard import Guard, GuardedTransport
from gate.targets.remote_run.ledger import Ledger
from gate.targets.remote_run.limits import Budget, Limits

THREADS = 4


def main(base_url: str, run: str, directory: Path, number: int) -> None:
    """Submissions of each kind: both workflows, signed, under a key, and without an id of their own."""
    ledger = Ledger(directory / "ledger.ndjson")
    ledger.write("run", run=run, base_url=base_url)
    guard = Guard(run, REMOTE, Budget(directory / "budget.json", Limits(number, 10_000, 600)), ledger, Event())
    transport = GuardedTransport(guard, WatchedTransport(AddressedTransport(Address(base_url))))
    client = Api(Client(base_url, lambda _: None, transport=transport))
    ids = Ids(run, "gw0")

    def submit(count: int) -> None:
        job_spec = spec(ids(), regions=["US"])
        if count % 5 == 1:
            job_spec = sign(job_spec, nonce=job_spec["id"])
        if count % 5 == 2:
            del job_spec["id"]
        headers = {"idempotency_key": ids()} if count % 5 == 3 else {}
        answer = (
            client.submit(job_spec, **headers) if count % 2 else client.submit_cross_region(wrap(job_spec), **headers)
        )
        if answer.status != 202:
            raise SystemExit(f"not accepted: {answer}")

    print("ready", flush=True)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(submit, range(number)))
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
