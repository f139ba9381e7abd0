"""This module finds free ports of this machine."""

from __future__ import annotations

import socket


def free_ports(count: int) -> list[int]:
    """Find ports on which no program listens now."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
