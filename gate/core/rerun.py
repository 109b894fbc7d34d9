"""The options and the command line by which a run, or a part of it, is repeated against the same build."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate.core.options import Declared, declared, flag_of
from gate.core.redaction import HEADER, Redactor
from gate.core.settings import Settings

PROGRAM = "./scripts/gate"
AGAIN = "again"
"""The folder, within that of the reports, for those of a repeated part: the others stay as they are."""
PASSING = frozenset(
    {"report_dir", "keep", "cold", "stop_file", "baseline", "allow_partial", "fail_fast", "last_failed", "shard"}
)
"""Options that do not decide what is judged, or how."""
SERVICE_ENV = "runner_env"
"""The option with variables of the service, whose values may be secrets."""
LONG = 8
"""Characters from which on two equal values are no coincidence."""
_NAME = re.compile(r"[\w:+\-.\[\]\\/]+")
_RESERVED = frozenset({"and", "or", "not", "True", "False", "None"})


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run that differ from their defaults, without secrets.

    Args:
        values: by field; a switch is true, and an option that may be repeated a list.
        variables: of the shell, each in the place of an option whose value holds a secret.
        service: variables of the shell, by the variable of the service that they fill.
        headers: variables of the shell that add a header to each request.
        typed: switches that somebody has to type each time.
        program: begins the command.

    """

    values: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    service: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    program: str = PROGRAM

    @classmethod
    def of(cls, settings: Settings, shell: Mapping[str, str], redact: Redactor) -> RunOptions:
        """The options of ``settings``, in a process with the environment ``shell``."""
        values: dict[str, Any] = {}
        variables: dict[str, str] = {}
        typed: list[str] = []
        for option in declared(type(settings)):
            if option.name in PASSING or option.name == SERVICE_ENV:
                continue
            value = _changed(settings, option)
            if value is None:
                continue
            if option.option.typed:
                typed.append(option.name)
            elif redact(str(value)) != str(value):
                variables[option.name] = _holder(str(value), option.variable, shell)
            else:
                values[option.name] = value
        service = {name: _holder(text, name, shell) for name, text in settings.runner_env.items()}
        headers = sorted(name for name in shell if name.startswith(HEADER))
        return cls(values, variables, service, tuple(headers), tuple(typed))

    @property
    def words(self) -> list[str]:
        """The options as words of a shell."""
        return [*(word for name, value in self.values.items() for word in _words(name, value)), *self.filled]

    @property
    def filled(self) -> list[str]:
        """The options that no file holds, as words of a shell, which refuses a variable that is not set."""
        return [
            *map(flag_of, self.typed),
            *(word for name, variable in self.variables.items() for word in (flag_of(name), _expanded(variable))),
            *(
                word
                for name, variable in self.service.items()
                for word in (flag_of(SERVICE_ENV), f"{name}={_expanded(variable)}")
            ),
        ]

    @property
    def assignments(self) -> list[str]:
        """The variables that have no option, as words in front of a command."""
        return [f"{name}={_expanded(name)}" for name in self.headers]


@dataclass(frozen=True, slots=True)
class Rerun:
    """The commands that repeat parts of a run; ``expression`` selected its tests."""

    options: RunOptions = field(default_factory=RunOptions)
    report_dir: Path = Path("reports")
    expression: str = ""

    def of_test(self, test: str) -> str:
        """The command that runs a test again, or all of the run for what no single test shows."""
        expression = expression_of(test) if "::" in test else self.expression
        selected = ["-k", shlex.quote(expression)] if expression else []
        reports = ["--report-dir", shlex.quote(relative(self.report_dir / AGAIN))]
        return " ".join([*self.options.assignments, self.options.program, *selected, *self.options.words, *reports])


def of_replay(path: Path, options: RunOptions) -> str:
    """The command that runs a replay file, which holds most options."""
    return " ".join([*options.assignments, options.program, "--replay", shlex.quote(relative(path)), *options.filled])


def relative(path: Path) -> str:
    """A path, relative to the working directory where possible, as reports travel."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def expression_of(test: str) -> str:
    """An expression of ``-k`` that selects a test by its id; pytest takes no other characters in a name."""
    names = [name for name in _NAME.findall(test) if name not in _RESERVED]
    return " and ".join(dict.fromkeys(names))


def _changed(settings: Settings, option: Declared) -> Any:
    """The value of an option as the command line takes it; None for the default."""
    if option.name == "job":
        return list(settings.existing) or None
    value = getattr(settings, option.name)
    default = (
        type(settings).model_fields[option.name].get_default(call_default_factory=True, validated_data=dict(settings))
    )
    if option.name == "jobs_from" or value == default or value is None or value is False:
        return None
    if value is True:
        return True
    return f"{value:g}" if isinstance(value, float) else str(value)


def _holder(text: str, otherwise: str, shell: Mapping[str, str]) -> str:
    """The variable of the shell that holds a text; ``otherwise`` where none of somebody's own does."""
    if shell.get(otherwise) == text and not otherwise.startswith("GATE_"):
        return otherwise
    equal = [name for name, value in shell.items() if value == text and len(text) >= LONG]
    # The command line sets a variable of the gate for each option of its own.
    return min((name for name in equal if not name.startswith("GATE_")), default=otherwise)


def _words(name: str, value: Any) -> list[str]:
    if value is True:
        return [flag_of(name)]
    texts = value if isinstance(value, list) else [value]
    return [word for text in texts for word in (flag_of(name), shlex.quote(text))]


def _expanded(variable: str) -> str:
    return f'"${{{variable}:?}}"'
