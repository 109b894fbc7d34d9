"""A run has no way out of the machine, or says that it may have one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gate.core import isolation
from gate.core.surroundings import environment

PROGRAM = """
import socket, sys
sys.path.insert(0, sys.argv[1])
from gate.core import isolation
if sys.argv[2] == "without":
    isolation.obstacle = lambda: "not permitted"
print(isolation.isolate(network=sys.argv[2] == "network", near="it" if sys.argv[2] == "near" else ""))
print(isolation.refusing_proxies(isolation.os.environ).get("https_proxy"))
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), 2).close()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    print("route" if probe.connect_ex(("192.0.2.1", 9)) == 0 else "no route")
"""


def printed(mode: str) -> list[str]:
    words = [sys.executable, "-c", PROGRAM, str(Path(__file__).parents[3]), mode]
    return subprocess.check_output(words, env=environment(), text=True).splitlines()


def test_namespace_has_the_loopback_device_and_no_way_out() -> None:
    sentence, proxy, route = printed("isolated")
    if sentence:  # this machine allows none, and the run says so
        assert "without a network namespace" in sentence
        assert proxy == isolation.REFUSING
    else:
        assert (proxy, route) == ("None", "no route")


def test_run_without_a_namespace_is_behind_a_proxy_and_says_so() -> None:
    sentence, proxy, _ = printed("without")
    assert "may reach the network: without a network namespace (not permitted)" in sentence
    assert proxy == isolation.REFUSING


def test_server_outside_of_a_namespace_keeps_the_run_outside_too() -> None:
    assert "(it is outside of one)" in printed("near")[0]


def test_network_lifts_it() -> None:
    assert printed("network")[:2] == ["The service can reach the network (--network).", "None"]
