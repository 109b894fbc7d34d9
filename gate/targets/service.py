"""The service that targets start or reach, as a pack describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, Protocol

from gate.core.declaration import Declaration

if TYPE_CHECKING:
    from gate.core.client import Client  # its library would slow down every command

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Removal:
    """SQL that removes resources from the service's database.

    ``statements`` are tables, children first, each with a condition on the rows that go; a database need not have all
    of them. ``states`` selects id and state of the resources that are there, and ``by_key``, of a table, the ids of
    those that were submitted under ``%(keys)s``. All see ``%(ids)s``, and what ``values`` takes from the ledger.
    """

    statements: Sequence[tuple[LiteralString, LiteralString]]
    states: LiteralString
    by_key: tuple[LiteralString, LiteralString]
    values: Callable[[Sequence[Facts]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RemoteRules:
    """The rules by which a run on somebody else's machine knows, ends and removes its own resources.

    Args:
        noun: the resources in plural, as messages name them.
        creates: whether a method and a path create resources.
        ids: the ids that the body of such a request names.
        facts: what else the service keeps of such a request; the ledger holds it for ``removal``.
        given: the id in an answer to such a request; empty without one.
        key_header: the header that makes a request without an id findable.
        addressed: the id of the resource that the segments of a path address; empty without one.
        state: a resource's state, read through the API; empty where there is no such resource.
        ended: the states in which a resource has ended.
        cancel: ends a resource through the API.
        removal: removes resources from the database.
        owned: whether a method and a path change nothing but what the run created; None where ids alone say so.

    """

    noun: str
    creates: Callable[[str, str], bool]
    ids: Callable[[bytes], set[str]]
    facts: Callable[[bytes], Facts]
    given: Callable[[Any], str]
    key_header: str
    addressed: Callable[[Sequence[str]], str]
    state: Callable[[Client, str], str]
    ended: frozenset[str]
    cancel: Callable[[Client, str], object]
    removal: Removal
    owned: Callable[[str, str], bool] | None = None


class StandIn(Protocol):
    """A server in the place of an upstream service."""

    @property
    def url(self) -> str:
        """Its address, once it has started."""

    def start(self) -> object:
        """Listens from now on, on a port of its own choice."""

    def trouble(self) -> str:
        """The end of a sentence that says why its answers mean nothing; empty while they do."""

    def reset(self) -> None:
        """Forgets its rules and its log."""

    def close(self) -> None:
        """Ends it; safe to call twice, and before the start."""


StandInFactory = Callable[[str], StandIn]
"""Makes a stand-in that will listen on an address of this machine."""

NOWHERE = "http://127.0.0.1:9"
"""The upstream of a command that calls none: the discard port, where nothing answers."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as targets start and reach it.

    Args:
        root: the folder in which its commands run.
        commands: its commands by name, split as a shell would split them and run without one: ``serve``, ``migrate``,
            which brings a database to the service's schema, and others.
        image: the image that holds it.
        image_words: what the image is given to run a command; nothing for ``serve`` means the image's own command.
        own_image: an image that is built on this machine and in no registry.
        image_hint: a sentence on how to have an image.
        database_env: the variable with the database's URL.
        port_env: the variable with the port to serve on.
        stand_ins: by the variable with the URL of an upstream service, what makes its stand-in.
        ready: paths that answer 200 once it is ready; one that answers 404 leaves that to the next.
        alive: a path that answers 200 while it runs.
        template_key: what the schema depends on, besides the commands, in a checkout.
        own_env: beginnings of variables that are meant for it, and not taken over from a shell.
        env: variables that it is started with; these win over the following.
        local_env: the same for a process on this machine.
        container_env: the same for a container.
        worker_env: the same where ``workers`` work in its place.
        workers: how many containers run the command ``worker`` in the place of the service.
        remote: what a run on somebody else's machine must know.
        loaded: by the name of a module that commands run with ``python -m``, modules that load most of what it needs.
        declaration: what a file declares of it, where a file does; commands and environment are taken from there.

    """

    root: Path
    commands: Mapping[str, str]
    image: str
    image_words: Mapping[str, tuple[str, ...]]
    own_image: str
    image_hint: str
    database_env: str
    port_env: str
    stand_ins: Mapping[str, StandInFactory]
    ready: Sequence[str]
    alive: str
    template_key: Callable[[Path], bytes]
    own_env: tuple[str, ...]
    env: Mapping[str, str]
    local_env: Mapping[str, str]
    container_env: Mapping[str, str]
    worker_env: Mapping[str, str]
    remote: RemoteRules
    workers: int = 0
    loaded: Mapping[str, Sequence[str]] = field(default_factory=dict)
    declaration: Declaration | None = None

    def make_stand_ins(self, host: str) -> dict[str, StandIn]:
        """A stand-in for each upstream service, not yet started."""
        return {name: make(host) for name, make in self.stand_ins.items()}

    def on_database(self, url: str) -> dict[str, str]:
        """Variables for a command that works on a database and calls no upstream service."""
        return {**dict.fromkeys(self.stand_ins, NOWHERE), self.database_env: url}


def option_of(command: str) -> str:
    """The option that replaces a command of a service."""
    return "--runner-command" if command == "serve" else f"--{command}-command"


def start_all(stand_ins: Mapping[str, StandIn]) -> None:
    """Starts stand-ins; those that did are ended by ``close_all`` where one cannot."""
    for stand_in in stand_ins.values():
        stand_in.start()


def close_all(stand_ins: Mapping[str, StandIn]) -> None:
    """Ends stand-ins."""
    for stand_in in stand_ins.values():
        stand_in.close()
