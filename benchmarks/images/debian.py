"""A base image with Python, made by debootstrap from the packages that apt of this machine is set up for."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import docker

from gate.core.errors import GateError
from gate.targets.engine import failing
from gate.targets.postgres.supervision import LAST_LINES

PACKAGES = ("ca-certificates", "python3")
LEFT_OUT = (
    "dev",
    "proc",
    "sys",
    "etc/apt/sources.list",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
)
"""Files that an image does not need, or that describe the machine on which it was built."""

TARGETS = "$(CODENAME) $(COMPONENT) $(SITE)"


def import_base(client: docker.DockerClient, tag: str, say: Callable[[str], None]) -> None:
    """Make the image ``tag``; GateError if that fails."""
    if os.geteuid() != 0:
        raise GateError("debootstrap needs root.", "Run as root, or take images from a registry (without --offline).")
    if shutil.which("debootstrap") is None:
        raise GateError("debootstrap was not found.", "Install it: apt-get install debootstrap.")
    try:
        suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError as error:
        raise GateError(f"The release of this machine is unknown: {error}.", "Use Debian or Ubuntu.") from error
    source = mirror(suite)
    with tempfile.TemporaryDirectory(prefix="beacon-gate-") as directory:
        root = Path(directory, "root")
        include = f"--include={','.join(PACKAGES)}"
        _bootstrap(["debootstrap", "--variant=minbase", include, suite, str(root), source], say)
        say("importing it into the engine")
        archive = Path(directory, "base.tar")
        with tarfile.open(archive, "w") as packed:
            packed.add(root, ".", filter=_kept)
        with failing(f"The image {tag} cannot be made"):
            client.api.import_image_from_file(str(archive), repository=tag, tag="latest")


def mirror(suite: str) -> str:
    """Return the URL from which apt gets the packages of ``suite``."""
    try:
        command = ["apt-get", "indextargets", "--format", TARGETS, "Created-By: Packages"]
        targets = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise GateError("apt-get does not list where packages come from.", "Use Debian or Ubuntu.") from error
    for line in targets.splitlines():
        codename, component, site = line.split(" ", 2)
        if (codename, component) == (suite, "main"):
            return site
    raise GateError(
        f"apt knows no packages of {suite or 'this release'}.", "Run apt-get update, and look at its sources."
    )


def _bootstrap(command: list[str], say: Callable[[str], None]) -> None:
    """Run debootstrap and report each phase as it begins."""
    lines: list[str] = []
    seen: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the output is a pipe")
        for line in process.stdout:
            lines.append(line.rstrip())
            phase = line.removeprefix("I: ").split(" ", 1)[0]
            if phase not in seen:
                seen.add(phase)
                say(line.removeprefix("I: ").rstrip())
    if process.returncode:
        hint = "Its last lines follow."
        raise GateError("debootstrap failed.", hint, tuple(lines[-LAST_LINES:]))


def _kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = entry.name.removeprefix("./")
    inside = any(name.startswith(f"{path}/") for path in LEFT_OUT)
    return None if inside or name == "etc/apt/sources.list" else entry
