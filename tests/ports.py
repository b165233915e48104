"""Ports for the servers that tests start: never one that another worker, or an outgoing call, may get."""

import os
import socket
from itertools import count

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
# Below the range from which the system takes ports for outgoing connections, and one stretch for each worker.
_NUMBERS = count(20_000 + 1_500 * (_WORKER % 8) + os.getpid() % 500)


def free_port() -> int:
    """Return a port of the loopback interface that nobody has, and that this run gives out once."""
    for port in _NUMBERS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is always a next number")
