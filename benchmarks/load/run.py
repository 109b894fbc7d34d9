"""One load run: clients, faults and samples side by side, then the queue drains and everything is judged."""

from __future__ import annotations

import math
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from beacon.checkout import ROOT
from beacon.load_codes import HANGS, UNRECOVERED
from beacon.service import service
from beacon.states import TERMINAL
from benchmarks.load import faults, rollout, thresholds, trends
from benchmarks.load.answers import Answer, Follower
from benchmarks.load.clients import STOP_SECONDS, Clients, require
from benchmarks.load.faults import Cause
from benchmarks.load.judging import MOST_HISTORIES, Judgement, history, judge
from benchmarks.load.plan import Order, Plan
from benchmarks.load.stage import Stage, stage
from benchmarks.load.thresholds import Figures
from benchmarks.load.timeline import Span
from benchmarks.load.watch import Sample, Watch
from gate.core.errors import GateError
from gate.core.findings import Finding
from gate.targets import NotReadyError
from gate.targets.service import Service

POOL = {"RUNNER_DATABASE_POOL": "10"}
FIRST_SHARE = 0.2
"""Share of the duration before the first fault."""
RECOVERY_SECONDS = 6.0
"""Seconds after a fault in which refusals and latency do not count."""
ANSWER_SECONDS = 6.5
"""Seconds that an answer may take while the database is away: five by the contract, and what a busy machine adds."""
LOOK_SECONDS = 0.5
DRAIN_LOOK_SECONDS = 0.1
START_SECONDS = 30.0
LEAST_RISE, LEAST_NUMBER = 0.25, 50.0
"""Share and number by which a quantity has to rise in a short run, to be a leak."""


@dataclass(frozen=True)
class Wanted:
    """The options of a run.

    Attributes:
        rate: jobs a second.
        seconds: for which clients send.
        processes: workers of Locust.
        causes: faults, at even distances.
        commands: of the build, by name.
        workers: further processes of the runner on the same database.
        previous: the build that is updated to this one and back, where that is the scenario.

    """

    rate: float
    users: int
    seconds: float
    processes: int = 1
    seed: int = 0
    causes: Sequence[Cause] = ()
    commands: dict[str, str] = field(default_factory=dict)
    workers: int = 0
    previous: Service | None = None


@dataclass
class Outcome:
    """Everything that a run saw."""

    wanted: Wanted
    began: float
    answers: list[Answer] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    figures: Figures | None = None
    judgement: Judgement = field(default_factory=Judgement)
    histories: dict[str, list[str]] = field(default_factory=dict)
    failures: list[Finding] = field(default_factory=list)

    def disturbed(self, at: float) -> bool:
        """Return whether a request at this moment may have met a fault."""
        return any(span.begin - 1 <= at <= span.end + RECOVERY_SECONDS for span in self.spans)

    def steady(self, warm_up: float) -> list[Sample]:
        """The samples between the warm-up and the end of the load."""
        end = self.began + self.wanted.seconds
        return [each for each in self.samples if self.began + warm_up * self.wanted.seconds <= each.at <= end]

    @property
    def calm(self) -> list[Answer]:
        """The answers that no fault has to do with; in an update all but those of connections that a build closed."""
        if self.wanted.previous:
            stops = [span for span in self.spans if span.cause.startswith("stop")]
            return [
                answer
                for answer in self.answers
                if answer.status or not any(stop.begin - 1 <= answer.at <= stop.end for stop in stops)
            ]
        return [answer for answer in self.answers if not self.disturbed(answer.at)]


Say = Callable[[str], None]
Show = Callable[[Outcome, float, int | None], None]
"""Shows the progress: the outcome so far, the share that is done, and the length of the queue."""


def run(wanted: Wanted, plan: Plan, directory: Path, baseline: Figures | None, say: Say, show: Show) -> Outcome:
    """Drive a build and judge it; GateError where that cannot be done."""
    require()
    prefix = f"load-{secrets.token_hex(4)}"
    order = Order.of(plan, prefix, wanted.seed, wanted.users, wanted.rate, wanted.seconds)
    outcome = Outcome(wanted, time.time())
    build = service(ROOT, POOL, **wanted.commands)
    if (previous := wanted.previous) is not None:
        wanted = outcome.wanted = replace(wanted, causes=rollout.steps(build))
        build = previous
    say("starting Postgres, the router stand-in and the runner")
    with stage(
        build, plan.router, order.samples, relayed=bool(wanted.causes), fronted=bool(wanted.previous), say=say
    ) as running:
        beside = wanted.workers or any("other" in cause.id for cause in wanted.causes)
        for number in range(max(wanted.workers, int(bool(beside)))):
            running.beside(f"worker {number + 1}")
        with Watch(running) as watch:
            outcome.samples = watch.samples
            last = _drive(outcome, running, order, directory, lambda share: show(outcome, share, watch.queue))
            say("waiting for the queue to drain")
            drained = _drain(running, 2 * plan.thresholds.drain_seconds) - last
        killed = any(cause.killed for cause in wanted.causes)
        failing = any(cause.router for cause in wanted.causes)
        outcome.judgement = judge(running, outcome.answers, prefix, killed=killed, failing=failing, say=say)
        _add_limits(outcome, plan, baseline, max(0.0, drained))
        _add_histories(outcome, running)
    return outcome


def _drive(outcome: Outcome, running: Stage, order: Order, directory: Path, show: Callable[[float], None]) -> float:
    """Let the clients send, with the faults beside; returns the time of the last submission."""
    clients = Clients(order, running.base_url, directory, outcome.wanted.processes)
    follower, over = Follower(clients.answers), threading.Event()
    beside = threading.Thread(target=_disturb, args=(outcome, running, over))
    try:
        limit = time.monotonic() + order.seconds + START_SECONDS + STOP_SECONDS
        while not clients.ended(LOOK_SECONDS):
            outcome.answers.extend(follower.read())
            if outcome.answers and not beside.ident:
                outcome.began = outcome.answers[0].at
                beside.start()
            if time.monotonic() > limit:
                raise GateError("The clients did not end in time.")
            show(min(1.0, (time.time() - outcome.began) / order.seconds) if outcome.answers else 0.0)
    finally:
        over.set()
        clients.close()
        if beside.ident:
            beside.join()
    outcome.answers.extend(follower.read())
    if not any(answer.submission and answer.status == 202 for answer in outcome.answers):
        first = next((answer for answer in outcome.answers if answer.submission), None)
        seen = f"the first was answered {first.status} {first.error_code}" if first else "there was none"
        raise GateError(f"No submission was accepted; {seen}.", "See the log of the runner.")
    return max(answer.at for answer in outcome.answers if answer.submission)


def _disturb(outcome: Outcome, running: Stage, over: threading.Event) -> None:
    """Begin and end each fault at its moment, until the clients are done."""
    wanted = outcome.wanted
    chance = random.Random(wanted.seed)
    first = outcome.began + FIRST_SHARE * wanted.seconds
    step = (1 - FIRST_SHARE) * wanted.seconds / max(1, len(wanted.causes))
    for number, cause in enumerate(wanted.causes):
        if over.wait(max(0.0, first + (number + 0.2 * chance.random()) * step - time.time())):
            return
        begin = time.time()
        outcome.spans.append(Span(cause.id, begin, begin + cause.seconds))
        try:
            faults.begun_and_ended(cause, running, over.wait)
        except NotReadyError as error:
            expected = f"ready again after the fault {cause.id}"
            outcome.failures.append(Finding(UNRECOVERED, "the runner", expected, error.message))
            return
        except (GateError, psycopg.Error, OSError) as error:
            outcome.failures.append(Finding(UNRECOVERED, f"the fault {cause.id}", cause.title, str(error)))
        outcome.spans[-1] = Span(cause.id, begin, time.time())


def _drain(running: Stage, seconds: float) -> float:
    """Wait until every job is terminal, but no longer than so many seconds; returns the time of the end."""
    limit = time.monotonic() + seconds
    query = "SELECT EXISTS (SELECT FROM jobs WHERE NOT status = ANY(%s))"
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        while (connection.execute(query, (list(TERMINAL),)).fetchone() or (False,))[0] and time.monotonic() < limit:
            time.sleep(DRAIN_LOOK_SECONDS)  # until the next look; a look is a query beside the load
        row = connection.execute("SELECT extract(epoch FROM max(updated_at))::float8 FROM jobs").fetchone()
    return time.time() if time.monotonic() >= limit else float(row[0] if row and row[0] else 0.0)


def _add_limits(outcome: Outcome, plan: Plan, baseline: Figures | None, drained: float) -> None:
    """Compare with the thresholds; what a fault has to do with is measured apart."""
    calm = outcome.calm or outcome.answers
    seen = thresholds.figures(calm, outcome.samples, plan.thresholds.warm_up, drained)
    overall = thresholds.figures(outcome.answers, outcome.samples, plan.thresholds.warm_up, drained)
    seen = outcome.figures = replace(seen, jobs_per_second=overall.jobs_per_second)
    findings = outcome.judgement.findings
    findings += outcome.failures
    # With faults, what is sent afterwards meets what has been waiting meanwhile, and processes come and go.
    limits = replace(plan.thresholds, milliseconds={}, memory_growth=math.inf) if outcome.spans else plan.thresholds
    findings += thresholds.check(seen, limits, baseline)
    if not outcome.spans:
        findings += trends.leaks(outcome.steady(plan.thresholds.warm_up), LEAST_RISE, LEAST_NUMBER)
    away = [cause.id for cause in outcome.wanted.causes if cause.away]
    spans = [span for span in outcome.spans if span.cause not in away]
    for span in spans:
        late = [
            answer
            for answer in outcome.answers
            if span.begin - 1 <= answer.at <= span.end and answer.milliseconds > ANSWER_SECONDS * 1000
        ]
        if late:
            worst = max(late, key=lambda answer: answer.milliseconds)
            got = f"{worst.milliseconds / 1000:.1f} s"
            findings.append(Finding(HANGS, f"{worst.operation} during {span.cause}", "an answer within 5 s", got))


def _add_histories(outcome: Outcome, running: Stage) -> None:
    """Collect the history of the first jobs of each group of findings."""
    for group in outcome.judgement.groups:
        for job in [finding.resource for finding in group.findings if finding.resource][:MOST_HISTORIES]:
            if job not in outcome.histories:
                outcome.histories[job] = history(running, outcome.answers, job, outcome.began)
