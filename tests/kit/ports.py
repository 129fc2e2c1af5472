"""Ports of this machine that nobody listens on."""

import os
import random
import socket
from contextlib import ExitStack

# Below what the kernel gives out for outgoing connections (32,768 and up on Linux): those come and go.
FIRST, LAST = 21_000, 31_000


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports that are free on loopback now."""
    choice = random.Random(os.urandom(8))  # several test processes look at the same time
    for _ in range(200):
        first = choice.randrange(FIRST, LAST - count)
        with ExitStack() as opened:
            try:
                for port in range(first, first + count):
                    opened.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
        return first
    raise RuntimeError(f"no {count} neighbouring ports are free between {FIRST} and {LAST}")
