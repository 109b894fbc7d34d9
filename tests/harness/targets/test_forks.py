"""A forked process is the one that a start would have made, and ends with those who wanted it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from gate.core.surroundings import environment
from gate.core.waiting import wait
from gate.targets.forked import ForkedChild
from gate.targets.forks import ADDRESS, Forks

MODULE = """
    import atexit, json, os, random, signal, sys, threading, time
    import heavy

    def seen():
        return {
            "name": __name__, "spec": __spec__.name, "argv": sys.argv, "orig": sys.orig_argv, "path": sys.path[:1],
            "env": dict(os.environ), "cwd": os.getcwd(), "zone": time.strftime("%Z"),
            "leads": os.getpid() == os.getsid(0),
            "term": str(signal.getsignal(signal.SIGTERM)), "int": str(signal.getsignal(signal.SIGINT)),
            "child": str(signal.getsignal(signal.SIGCHLD)), "blocked": sorted(signal.pthread_sigmask(0, [])),
            "wake": signal.set_wakeup_fd(-1), "files": sorted(map(int, os.listdir("/dev/fd"))),
            "input": sys.stdin.read(),
            "through": sys.stdout.write_through, "threads": threading.active_count(),
        }

    match sys.argv[1]:
        case "look":
            print(json.dumps(seen()))
            print("a line of errors", file=sys.stderr)
        case "exit":
            atexit.register(print, "at its end")
            threading.Thread(target=lambda: (time.sleep(0.05), print("a thread's last line"))).start()
            sys.exit(int(sys.argv[2]))
        case "refuse":
            sys.exit("one sentence")
        case "fail":
            raise ValueError("of its own")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stay":
            if sys.argv[2] == "deaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("ready", flush=True)
            time.sleep(60)
"""
OWN = ("OWN_", "DATABASE_URL")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a module that commands run, and one that it loads."""
    root = tmp_path_factory.mktemp("forks")
    (root / "small").mkdir()
    (root / "small" / "__main__.py").write_text(dedent(MODULE), encoding="utf-8")
    (root / "heavy.py").write_text("", encoding="utf-8")
    return root


BASE = environment({"PYTHONUNBUFFERED": "1", "TZ": "NST3:30"})


@pytest.fixture(scope="module")
def forks(root: Path) -> Iterator[Forks]:
    opened = Forks({"small": ("heavy",)}, OWN, BASE, root)
    opened.open([command()])
    yield opened
    opened.close()


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "small", *words]


def env(**more: str) -> dict[str, str]:
    return {**BASE, "OWN_PORT": "1", "DATABASE_URL": "postgresql://nowhere", **more}


def forked(forks: Forks, *words: str) -> tuple[int | None, str, str]:
    process = forks.command(forks.address(), command(*words), env())
    assert process
    out, err = process.communicate(timeout=20)
    return process.poll(), out, err


def test_process_sees_what_a_started_one_sees(forks: Forks, root: Path) -> None:
    code, out, err = forked(forks, "look", "--flag", "value")
    started = subprocess.run(
        command("look", "--flag", "value"),
        cwd=root,
        env=env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=True,
    )

    assert json.loads(out) == json.loads(started.stdout)
    assert (code, err) == (0, started.stderr)


@pytest.mark.parametrize("words", [("exit", "0"), ("exit", "7"), ("refuse",), ("fail",), ("die",), ()], ids=" ".join)
def test_end_is_that_of_a_started_process(forks: Forks, root: Path, words: Sequence[str]) -> None:
    code, out, err = forked(forks, *words)
    started = subprocess.run(
        command(*words), cwd=root, env=env(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert (code, out) == (started.returncode, started.stdout)
    # A traceback begins with the frames of whoever ran the module.
    assert err.splitlines()[-1:] == started.stderr.splitlines()[-1:]


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (command("look"), env(PYTHONHASHSEED="1")),
        (command("look"), env(TZ="UTC")),
        (command("look"), {name: value for name, value in env().items() if name != "TZ"}),
        ([sys.executable, "-m", "other"], env()),
        ([sys.executable, "-I", "-m", "small"], env()),
        (["/bin/true", "-m", "small"], env()),
    ],
    ids=["variable of Python", "other value", "missing variable", "other module", "option", "other program"],
)
def test_anything_else_is_started(forks: Forks, words: list[str], variables: dict[str, str]) -> None:
    assert forks.command(forks.address(), words, variables) is None
    assert forks.service(forks.address(), words, variables) is None


def test_module_that_does_not_load_is_started(root: Path) -> None:
    broken = Forks({"small": ("heavy", "not_there")}, OWN, BASE, root)
    broken.open([command()])
    try:
        assert broken.command(broken.address(), command("look"), env()) is None
    finally:
        broken.close()


def test_commands_that_cannot_be_forked_need_no_server(root: Path) -> None:
    none = Forks({"small": ("heavy",)}, OWN, BASE, root)
    none.open([["/bin/true"], [sys.executable, "-m", "other"]])

    assert none.address() == {}


def staying(forks: Forks, how: str = "") -> ForkedChild:
    child = forks.service(forks.address(), command("stay", how), env())
    assert child
    wait("its first line", lambda: list(child.lines), until=bool)
    return child


def test_service_ends_as_it_is_asked_to(forks: Forks) -> None:
    child = staying(forks)
    assert child.wait(0) is None
    child.signal("TERM")

    assert child.wait(10) == -signal.SIGTERM
    assert child.lines == ["ready"]
    child.close()


@pytest.mark.parametrize("how", ["", "deaf"])
def test_closed_service_has_ended(forks: Forks, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr("gate.targets.forked.END", ("TERM", 0.2))
    child = staying(forks, how)
    child.close()
    child.close()

    assert child.wait(0) == (-signal.SIGKILL if how else -signal.SIGTERM)
    assert not psutil.pid_exists(child.pid)


OWNER = """
import json, sys, time
from pathlib import Path
from gate.targets.forked import ForkedChild
address, command, env, cwd = json.loads(sys.argv[1])
child = ForkedChild(address)
print(child.run(command, env=env, cwd=Path(cwd)), flush=True)
time.sleep(60)
"""


def test_service_ends_with_its_owner(forks: Forks, root: Path) -> None:
    values = json.dumps([forks.address()[ADDRESS], command("stay", ""), env(), str(root)])
    with subprocess.Popen([sys.executable, "-c", OWNER, values], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        assert psutil.pid_exists(pid)
        owner.kill()
    wait("its end", lambda: psutil.pid_exists(pid), until=lambda there: not there)


def test_service_ends_with_its_server(root: Path) -> None:
    opened = Forks({"small": ("heavy",)}, OWN, BASE, root)
    opened.open([command()])
    child = staying(opened)
    opened.close()

    assert child.wait(10) == -signal.SIGTERM
