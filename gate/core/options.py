"""Options declared by the fields of a settings model, and where their values come from."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from gate.core.documents import load_toml
from gate.core.errors import DocumentError, UsageError
from gate.core.surroundings import FILE
from gate.core.texts import like

TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


@dataclass(frozen=True, slots=True)
class Option:
    """The option of a field, whose docstring is the help; without a metavar it is a switch.

    Args:
        group: the heading in the help.
        metavar: its value, in the help.
        default: the default's name, where the field's own says nothing.
        targets: the targets that it means something to; empty for all.
        repeated: it may be given more than once.
        typed: it must be given on the command line.

    """

    group: str
    metavar: str = ""
    default: str = ""
    targets: tuple[str, ...] = ()
    repeated: bool = False
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """An option with the name of its field, its help, and the text of its default."""

    name: str
    option: Option
    help: str
    default: str

    @property
    def flag(self) -> str:
        """The option on a command line."""
        return flag_of(self.name)

    @property
    def dest(self) -> str:
        """The attribute of parsed options; prefixed so that no pytest plugin can own it too."""
        return f"gate_{self.name}"

    @property
    def variable(self) -> str:
        """The variable of the environment."""
        return f"GATE_{self.name.upper()}"

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``add_argument`` of argparse and ``addoption`` of pytest."""
        text = f"{self.help} (default: {self.default})" if self.default else self.help
        if not self.option.metavar:
            return {"dest": self.dest, "help": text, "action": "store_true", "default": None}
        action = "append" if self.option.repeated else "store"
        return {"dest": self.dest, "help": text, "action": action, "metavar": self.option.metavar}


class Options(BaseModel):
    """A settings model; each field with an ``Option`` is an option."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True, hide_input_in_errors=True
    )
    defaults: ClassVar[Mapping[str, str]] = {}
    """Texts of defaults that are the service's, by field."""
    without: ClassVar[frozenset[str]] = frozenset()
    """Inherited fields that are no options of this model."""


def flag_of(name: str | None) -> str:
    """The flag of a field."""
    return f"--{(name or '').replace('_', '-')}"


def declared(model: type[Options]) -> Iterator[Declared]:
    """Every option of a model, in its order."""
    for name, field in model.model_fields.items():
        for option in field.metadata:
            if isinstance(option, Option) and name not in model.without:
                default = None if field.default_factory else field.default
                value = f"{default:g}" if isinstance(default, int | float) else str(default or "")
                text = model.defaults.get(name) or option.default or (value if option.metavar else "")
                yield Declared(name, option, " ".join((field.description or "").split()), text)


def check(test: Callable[[str], Any]) -> BeforeValidator:
    """A validator of texts; see ``tested``."""
    return BeforeValidator(lambda value, info: tested(test, value, info))


def tested(test: Callable[[str], Any], value: Any, info: ValidationInfo) -> Any:
    """The value that ``test`` returns for a text; any other value, which the program sets itself, is returned.

    ``test`` raises a UsageError whose message continues a sentence that begins with the option's name.
    """
    if not isinstance(value, str):
        return value
    try:
        return test(value)
    except UsageError as error:
        raise UsageError(f"{flag_of(info.field_name)} {error.message}", error.hint) from error


def given(model: type[Options], values: object) -> dict[str, Any]:
    """The options that parsed arguments hold, by field."""
    every = {option.name: getattr(values, option.dest, None) for option in declared(model)}
    return {name: value for name, value in every.items() if value is not None}


def collect(
    model: type[Options], typed: Mapping[str, Any], environment: Mapping[str, str], directory: Path | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The value of each option that is set: on the command line, else by its variable, else in the file.

    Variables and file are shared by all runs, so options that mean nothing to the target of this run are left out.

    Returns:
        The values by field, and the places of those that are not typed.

    """
    file = read(model, directory) if directory else {}
    values: dict[str, Any] = dict(typed)
    places: dict[str, str] = {}
    for option in declared(model):  # the target first
        if option.name in values or option.option.typed:
            continue
        if option.variable in environment:
            values[option.name] = _value(option, environment[option.variable])
            places[option.name] = option.variable
        elif option.name in file:
            values[option.name] = file[option.name]
            places[option.name] = f"{option.name} in {FILE}"
    target = str(values.get("target", model.model_fields["target"].default))
    for option in declared(model):
        if option.name in places and option.option.targets and target not in option.option.targets:
            del values[option.name], places[option.name]
    return values, places


def _value(option: Declared, text: str) -> Any:
    if option.option.repeated:
        return shlex.split(text)
    if option.option.metavar:
        return text
    if text.lower() not in (*TRUE, *FALSE):
        raise UsageError(f"{option.variable} is {text!r}.", "Expected 1 or 0.")
    return text.lower() in TRUE


def read(model: type[Options], directory: Path) -> dict[str, Any]:
    """The options of the file in a directory; UsageError where it cannot be used."""
    path = directory / FILE
    if not path.is_file():
        return {}
    try:
        table = load_toml(path, dict[str, Any], "a table [gate]").get("gate", {})
    except DocumentError as error:
        raise UsageError(f"{path} cannot be read: {error.message}", "Expected TOML with a table [gate].") from error
    if not isinstance(table, dict):
        raise UsageError(f"gate in {path} is {table!r}.", "Expected a table [gate].")
    known = {option.name: option for option in declared(model) if not option.option.typed}
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            raise UsageError(f"{path} has the option {key!r}.", like(name, known) or "There is no such option.")
        try:
            values[name] = _of_file(known[name].option, value)
        except TypeError as error:
            raise UsageError(f"{key} in {path} is {value!r}.", f"Expected {error}.") from error
    return values


def _of_file(option: Option, value: Any) -> Any:
    """The value as the command line has it; TypeError says what was expected."""
    if option.repeated:
        valid, expected = isinstance(value, list), "a list"
    elif option.metavar:
        valid, expected = type(value) in {str, int, float}, "a text or a number"
    else:
        valid, expected = isinstance(value, bool), "true or false"
    if not valid:
        raise TypeError(expected)
    return [str(entry) for entry in value] if option.repeated else str(value) if option.metavar else value
