"""``python -m benchmarks.staging.violations NAME COMMAND``: the runner's command line, with a write that must not be.

Exit code 70 when what it changes is no longer there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.defects.patches.patching import PatchError, edit
from gate.core.findings import Finding
from gate.oracles.unchanged import GET, REFUSED

VIOLATED = "python -m benchmarks.staging.violations"
EXIT_PATCH = 70
_TRACE = "INSERT INTO signature_nonces (public_key, nonce) VALUES (gen_random_uuid()::text, 'a trace')"
_ATTEMPT = "INSERT INTO signature_nonces VALUES (left(%s, 1000), 'an attempt') ON CONFLICT DO NOTHING"
_TOUCH = "UPDATE jobs SET updated_at = updated_at WHERE jobspec_id = %s"


@dataclass(frozen=True, slots=True)
class Violation:
    """A fault of the runner, the code of its finding, and the table that the finding names."""

    title: str
    code: str
    table: str
    apply: Callable[[], None]

    def is_shown(self, finding: Finding) -> bool:
        """Return whether a finding is about it."""
        return finding.code == self.code and finding.where.endswith(f" -> {self.table}")


def _attempt() -> None:
    from runner.web import jobs  # noqa: PLC0415 (the benchmark does without the runner)

    raised = "        raise _refusal(error) from error"
    spec = 'body.get("job_spec") or body.get("jobspec") or body'
    kept = f"            await other.execute({_ATTEMPT!r}, (repr({spec}),))"
    edit(jobs._take_in, (raised, f"        async with state.database.connection() as other:\n{kept}\n{raised}"))


def _trace() -> None:
    from runner.web import errors  # noqa: PLC0415 (the benchmark does without the runner)

    kept = f"async with request.app.state.database.connection() as other:\n        await other.execute({_TRACE!r})"
    edit(errors._refused, ("    return respond", f"    {kept}\n    return respond"))


def _touch() -> None:
    _before_reading("get_job", f"if job_id.isprintable():\n            await other.execute({_TOUCH!r}, (job_id,))")


def _audit() -> None:
    _before_reading("list_job_executions", f"await other.execute({_TRACE!r})")


def _before_reading(view: str, statement: str) -> None:
    from runner.web import jobs  # noqa: PLC0415 (the benchmark does without the runner)

    function = getattr(jobs, view)
    beginning = f'    """{function.__doc__}"""\n'
    written = f"    async with request.app.state.database.connection() as other:\n        {statement}\n"
    edit(function, (beginning, beginning + written))


VIOLATIONS = {
    "attempt": Violation("a refused submission is kept, once", REFUSED, "signature_nonces", _attempt),
    "trace": Violation("every refusal leaves a row without an id", REFUSED, "signature_nonces", _trace),
    "touch": Violation("reading a job writes its row anew", GET, "jobs", _touch),
    "audit": Violation("reading the executions of a job leaves a row", GET, "signature_nonces", _audit),
}


def main(words: Sequence[str]) -> None:
    """Apply the violation that the first word names, and run the command of the others."""
    try:
        VIOLATIONS[words[0]].apply()
    except (PatchError, KeyError) as error:
        sys.stderr.write(f"the violation cannot be applied: {error}\n")
        sys.exit(EXIT_PATCH)
    from runner.cli import app  # noqa: PLC0415 (not before the patch)

    app(list(words[1:]), prog_name="python -m runner")


if __name__ == "__main__":
    main(sys.argv[1:])
