"""The suites of ./test, in the order in which they run: cheap and telling ones first."""

import dataclasses
import typing

from tools.testing import kinds, repository


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    about: str
    run: typing.Callable  # () -> list of Case
    fast: bool = False


# Folders below tests/ with a Node package, and what they need besides the server's binary.
_ABOUT = {
    "protocol": "the Engine.IO and Socket.IO protocol, against the echo examples",
    "broadcaster": "our servers and Node.js servers in one cluster over a real Redis",
    "integration": "the real server with the original socket.io-client",
    "e2e": "two browser windows on the web page, in headless Chromium",
    "push": "pushes of the real server, received by a stand-in of FCM and of a browser's push service",
    "mongoose": "a Node.js application with Mongoose reads what the server writes into MongoDB",
    "cluster": "several nodes on MongoDB and Redis, and everything that can happen to them",
    "faults": "killed servers, cut connections, full disks",
    "observability": "metrics, dashboard, alerts and logs, with a real Prometheus",
}
# Suites that run once more on a server built with sanitizers.
_SANITIZED = ("protocol", "broadcaster", "integration")


def all_suites():
    node = {name: Suite(name, about, lambda name=name: kinds.node(name, "release")) for name, about in _node_folders().items()}
    suites = [
        Suite("tools", "the project's own scripts", kinds.python, fast=True),
        Suite("tidy", "layers, lengths, words, locks, portable, map, formatting, headers", kinds.tidy, fast=True),
        Suite("unit", "unit tests, release build", lambda: kinds.unit("release"), fast=True),
        *([Suite("web", "the page's types and unit tests", kinds.web)] if (repository.ROOT / "web/package.json").is_file() else []),
        *node.values(),
        Suite("clang", "everything, benchmarks and fuzz targets too, compiles with clang-19 without a warning", kinds.compile_everything),
    ]
    for suffix, preset, tests, title in (("asan", "dev", "unit tests", "AddressSanitizer and UndefinedBehaviorSanitizer"),
                                         ("tsan", "tsan", "unit tests with threads", "ThreadSanitizer")):
        suites.append(Suite(f"unit-{suffix}", f"{tests} under {title}", lambda preset=preset: kinds.unit(preset)))
        for name in _SANITIZED:
            if name in node:
                suites.append(Suite(f"{name}-{suffix}", f"{node[name].about}, under {title}",
                                    lambda name=name, preset=preset: kinds.node(name, preset)))
    suites.append(Suite("fuzz", "each fuzz target for some seconds, RESTANTE_FUZZ_SECONDS (10)", kinds.fuzz))
    return suites


def _node_folders():
    """name -> description, known names first."""
    found = {folder.parent.name for folder in repository.ROOT.glob("tests/*/package.json")}
    found = {name for name in found if kinds.node_files(name)}
    ordered = [name for name in _ABOUT if name in found] + sorted(found - set(_ABOUT))
    return {name: _ABOUT.get(name, f"tests/{name}") for name in ordered}
