"""Ports of the stores and of the nodes beside the first: those of the last start where they are free, else others.

The replica set keeps the addresses of its members in its data. When one of them is taken, `restante replica-set` tells
the set its new ones.
"""

import json
import random
import socket

# Below the ports that the system gives to outgoing connections, one of which could come between choice and use.
_RANGE = range(20000, 32000)
_LOOPBACK = "127.0.0.1"


def is_free(port, host=_LOOPBACK):
    """True when nobody listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def choose(file, wanted, host, taken=()):
    """{name: [port…]} for {name: count}; remembered in `file`. `nodes` listen on `host`, all others on loopback."""
    remembered = _read(file)
    used = set(taken)
    chosen = {}
    for name, count in wanted.items():
        address = host if name == "nodes" else _LOOPBACK
        before = remembered.get(name, [])
        chosen[name] = [_one(before[index] if index < len(before) else None, address, used) for index in range(count)]
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(chosen) + "\n", encoding="ascii")
    temporary.replace(file)
    return chosen


def _one(before, host, used):
    candidates = ([before] if before in _RANGE else []) + random.sample(_RANGE, len(_RANGE))
    port = next(port for port in candidates if port not in used and is_free(port, host))
    used.add(port)
    return port


def _read(file):
    try:
        content = json.loads(file.read_text(encoding="ascii"))
        return {name: list(ports) for name, ports in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # the choice is free then
