"""The addresses by which this process and its containers reach each other."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from gate.targets.engine import connect, failing, inside

DESKTOP = "host.docker.internal"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class NetworkAddresses:
    """The addresses between this process and the containers on one network.

    A server for the containers listens on ``listen``, and they reach it by ``name``. ``published`` says that this
    process reaches them by ports on the loopback address; ``direct``, by their own addresses, as on a network without a
    way out. Else it is on their network and uses their names.
    """

    listen: str
    name: str
    published: bool
    direct: bool = False

    @property
    def extra_hosts(self) -> dict[str, str]:
        """Names that a container cannot look up by itself."""
        return {DESKTOP: "host-gateway"} if self.name == DESKTOP else {}

    def seen_inside(self, url: str) -> str:
        """The URL by which a container reaches a server that listens at ``url`` for it."""
        if self.name == self.listen:
            return url
        parts = urlsplit(url)
        return parts._replace(netloc=f"{self.name}:{parts.port}").geturl()


def find(name: str) -> NetworkAddresses:
    """The addresses on the network of that name, which this process joins if it runs in a container itself."""
    with failing("The network of the containers cannot be used"):
        network = connect().networks.get(name)
        ours = inside()
        if ours is not None:
            if ours not in network.attrs["Containers"]:
                network.connect(ours)
                network.reload()
            address = str(network.attrs["Containers"][ours]["IPv4Address"]).partition("/")[0]
            return NetworkAddresses(address, address, published=False)
    for config in network.attrs["IPAM"]["Config"]:
        gateway = str(config.get("Gateway", "")).partition("/")[0]
        if gateway and _ours(gateway):
            closed = bool(network.attrs.get("Internal"))  # such a network publishes no ports
            return NetworkAddresses(gateway, gateway, published=not closed, direct=closed)
    # The engine runs in a virtual machine, which hands on to the loopback address of the machine around it.
    return NetworkAddresses(LOOPBACK, DESKTOP, published=True)


def reachable_directly() -> bool:
    """Return whether this machine reaches containers by their own addresses, so that they need no way out."""
    with failing("The networks of the container engine cannot be looked at"):
        networks = connect().networks.list(names=["bridge"])
    configs = [config for network in networks for config in network.attrs["IPAM"]["Config"] or ()]
    return inside() is not None or any(_ours(str(config.get("Gateway", "")).partition("/")[0]) for config in configs)


def _ours(address: str) -> bool:
    """True if this machine can listen on the address."""
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
