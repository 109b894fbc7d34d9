"""Codes of findings that only a run under load has."""

from __future__ import annotations

from gate.core.findings import register

CODES = register("""
BG-LOAD-001 critical stored: Accepted job is not stored
    The runner answered a submission with 202, and afterwards has no job with its id and workflow. The client was told
    that the job is taken, and nobody works on it.
    Example: jobs | a row of each job that was answered with 202 | 3 jobs without a row: load-7f3a-000412, ...
BG-LOAD-002 critical end: Accepted job does not end
    An accepted job is not terminal after the load has ended and the queue had its time to drain.
    Example: jobs.status | a terminal status | 2 jobs that have not ended: load-7f3a-000087, load-7f3a-000090
BG-LOAD-003 critical request: Refused submission is stored
    The runner refused a submission, and afterwards has a job with its id.
    Example: jobs | no row of a job that was refused | 1 job refused and stored: load-7f3a-000230
BG-LOAD-004 critical rows: Router calls and executions do not agree
    Each execution accounts for one router call, and for one more with each retry that it counts. More calls mean that
    work was done twice without saying so; fewer, where nothing was killed, that a result was made up.
    Example: router calls | a call for each execution, and one for each retry that it counts | 16 jobs with more calls
    than that: load-7f3a-000087, ...
BG-LOAD-005 critical calls: Two router calls have one Idempotency-Key
    Each call has a key of its own, by which a router tells a repeated call from a new one.
    Example: router calls: idempotency-key | another key | 1 job with a key twice: load-7f3a-000087
BG-LOAD-006 critical status: Job ended in another way than its executions
    A job is cancelled that nobody cancelled, or an execution failed although no call of it failed.
    Example: executions.status | completed | 1 job failed though no call failed: load-7f3a-000101
BG-LOAD-007 major refusal: Too many refusals under load
    The share of requests that were refused or not answered, although nothing was wrong with them, is above the limit.
    Example: all operations | at most 0.00% refused | 14.50%
BG-LOAD-008 major result: Answers take too long
    The 95th percentile of an operation's latency is above its limit, or too far above that of the baseline.
    Example: 95th percentiles | submitJob at most 250 ms | submitJob 1204 ms
BG-LOAD-009 major end: Queue takes too long to drain
    After the load has ended, the last accepted job ended later than the limit allows.
    Example: the queue | empty within 30 s | 143 s
BG-LOAD-010 major process: Memory grows
    The memory of the runner's processes grew by more than the limit between the warm-up and the end.
    Example: the runner | at most 96 MB of growth | 391 MB
BG-LOAD-011 major process: Resource leaks
    Connections, file descriptors, rows of the queue or series of metrics rise without ceasing while the load stays the
    same.
    Example: connections to Postgres | no rise while the load stays the same | 12 in the first third, 31 in the last
BG-LOAD-012 critical client: Repeated submission is answered otherwise
    A submission that was repeated with its Idempotency-Key was not answered like the first time.
    Example: a repeated submission answered 409 duplicate_job | 200, the same id and idempotent: true | 4 jobs answered
    409 duplicate_job: load-7f3a-000311, ...
BG-LOAD-013 critical process: Runner does not recover
    After a fault had ended, the runner was not ready again in time, or ended by itself.
    Example: the runner | ready within 30 s after Postgres had restarted | 503 not_ready
BG-LOAD-014 major refusal: Answer during a fault takes too long
    During a fault that the runner can notice, an answer came later than the contract allows.
    Example: getReadiness during database-silent | an answer within 5 s | an answer after 45.1 s
""")

(LOST, STUCK, STORED, CALLS, SAME_KEY, ENDED, REFUSALS, SLOW, DRAIN, MEMORY, LEAK, REPEATED, UNRECOVERED, HANGS) = (
    code.id for code in CODES
)
