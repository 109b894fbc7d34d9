"""Wheels of the requirements of the runner's image, for the Python of its base."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import docker

from beacon.checkout import ROOT
from gate.core.errors import GateError
from gate.targets.engine import failing
from gate.targets.postgres.supervision import LAST_LINES

ASK = "import json, platform, sys; print(json.dumps([*sys.version_info[:2], platform.machine(), *platform.libc_ver()]))"
OLDEST_GLIBC = 17
"""Minor version of the oldest glibc 2 with wheel tags of the form manylinux_2_N."""


def wheelhouse(
    client: docker.DockerClient, base: str, requirements: Path, directory: Path, say: Callable[[str], None]
) -> None:
    """Fill ``directory`` with wheels of pip and of ``requirements`` that fit the base image; GateError if that fails.

    Hashes are checked when the wheels are fetched, and again when the image installs them.
    """
    with failing(f"The image {base} does not run"):
        answer = client.containers.run(base, ["python3", "-c", ASK], remove=True, network_disabled=True)
    major, minor, machine, libc, version = json.loads(answer)
    if libc != "glibc":
        raise GateError(f"The image {base} has no glibc, for which wheels are made.", "Take another base.")
    newest = int(version.split(".")[1])
    platforms = [f"manylinux_2_{number}_{machine}" for number in range(newest, OLDEST_GLIBC - 1, -1)]
    fitting = [word for name in [*platforms, f"manylinux2014_{machine}"] for word in ("--platform", name)]
    fitting += ["--only-binary", ":all:", "--python-version", f"{major}.{minor}"]
    say(f"fetching wheels for Python {major}.{minor}, glibc {version}, {machine}")
    download([*fitting, "--require-hashes", "--requirement", str(requirements)], directory)
    download([*fitting, "--no-deps", "pip"], directory)


def download(words: list[str], directory: Path) -> None:
    """Run ``pip download`` from an environment of its own, as that of the gate has no pip."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))
    if uv is None:
        raise GateError("uv was not found.", "Run ./scripts/images, which brings it.")
    pip = [uv, "run", "--quiet", "--no-project", "--python", sys.executable, "--with", "pip", "python", "-m", "pip"]
    command = [*pip, "download", "--quiet", "--disable-pip-version-check", "--dest", str(directory), *words]
    ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if ended.returncode:
        last = tuple(ended.stderr.strip().splitlines()[-LAST_LINES:])
        raise GateError("The wheels cannot be fetched.", "Is the package index reachable? Its last lines follow.", last)
