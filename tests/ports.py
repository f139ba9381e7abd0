"""Ports for the tests' stacks. Two processes, or two runs, never get the same port."""

from __future__ import annotations

import atexit
import socket

#: For connections, and for servers that ask for any free port, Linux uses ports of a higher range
#: (ip_local_port_range). So no other program gets one of the ports below by chance before the stack does.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Find ports without a listener. Each port is reserved for this process until the process ends."""
    found: list[int] = []
    for port in _PORTS:
        if len(found) == count:
            return found
        if _claim(port) and _is_free(port):
            found.append(port)
    raise RuntimeError("no port is free")


def _claim(port: int) -> bool:
    """Reserve a port: bind a socket whose name contains the port's number. No other process on this machine can then bind
    this name. Linux releases the name when the process ends (abstract sockets, unix(7))."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0gatehouse-tests-port-{port}")
    except OSError:
        name.close()
        return False
    atexit.register(name.close)
    return True


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
