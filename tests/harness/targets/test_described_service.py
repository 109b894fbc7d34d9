"""Options change the commands, the image and the environment of a service, on every target alike."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from beacon.options import BeaconSettings
from beacon.service import SERVICE
from gate.targets.addresses import DESKTOP, NetworkAddresses
from gate.targets.choose import configured
from gate.targets.containers import LABELS, ContainersTarget
from gate.targets.stack import environment

GIVEN = BeaconSettings(
    target="containers",
    runner_command="serve --fast",
    backfill_command="fill 'in all'",
    runner_image="other/image",
    runner_env={"RUNNER_HOST": "::", "RUNNER_DATABASE_POOL": "9"},
    worker_containers=2,
)


def test_options_replace_commands_image_and_environment_of_the_service() -> None:
    service = configured(SERVICE, GIVEN)
    assert service.commands == {**SERVICE.commands, "serve": "serve --fast", "backfill": "fill 'in all'"}
    assert service.image_words["serve"] == ("serve", "--fast")
    assert service.image_words["backfill"] == ("fill", "in all")
    assert service.image_words["migrate"] == ("migrate",)
    assert (service.image, service.workers) == ("other/image", 2)
    assert configured(SERVICE, BeaconSettings()) == SERVICE


def test_given_variables_win_over_the_services_own_in_a_container() -> None:
    variables = environment(configured(SERVICE, GIVEN), {"RUNNER_DATABASE_POOL": "3"})
    assert variables == {
        "PORT": "8090",
        "RUNNER_HOST": "::",
        "RUNNER_RATE_LIMIT": "",
        "TZ": "NST3:30",
        "RUNNER_DATABASE_POOL": "3",
    }
    assert environment(SERVICE, {})["RUNNER_HOST"] == SERVICE.container_env["RUNNER_HOST"]


def test_container_of_a_service_with_workers_only_serves() -> None:
    """Its plan has the image, the command, the database as containers reach it, and what the caller adds."""
    stack: Any = SimpleNamespace(network="net", server=SimpleNamespace(inner_url="postgresql://p@db:5432/postgres"))
    near = NetworkAddresses("127.0.0.1", DESKTOP, published=True)
    target = ContainersTarget(configured(SERVICE, GIVEN))
    plan = target._plan({LABELS: json.dumps({"run": "1"})}, stack, near, "gate_1", {"ROUTER_URL": "http://r"})
    assert (plan.image, plan.command, plan.port, plan.published) == ("other/image", ["serve", "--fast"], 8090, True)
    assert plan.env["DATABASE_URL"] == "postgresql://p@db:5432/gate_1"
    assert plan.env["RUNNER_EMBEDDED_WORKER"] == "false"
    assert (plan.env["ROUTER_URL"], plan.env["NO_PROXY"]) == ("http://r", DESKTOP)


def test_command_on_a_database_calls_no_upstream_service() -> None:
    assert SERVICE.on_database("postgresql://db") == {
        "ROUTER_URL": "http://127.0.0.1:9",
        "DATABASE_URL": "postgresql://db",
    }


SEEN = {
    "same address": (NetworkAddresses("172.17.0.1", "172.17.0.1", published=True), "http://172.17.0.1:81"),
    "virtual machine": (NetworkAddresses("127.0.0.1", DESKTOP, published=True), f"http://{DESKTOP}:81"),
}


@pytest.mark.parametrize(("addresses", "expected"), SEEN.values(), ids=SEEN)
def test_containers_reach_a_stand_in_by_the_name_of_this_machine(addresses: NetworkAddresses, expected: str) -> None:
    assert addresses.seen_inside(f"http://{addresses.listen}:81") == expected
