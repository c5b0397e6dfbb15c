"""The stores' session: MongoDB and Redis, which end last, also when the launcher is killed.

A program of its own (tools/cluster --stores PLAN), started by the launcher in a session of its own, so that a signal to
the launcher's process group does not reach the stores. Standard input is a pipe whose other end only the launcher has:

    node PID    a node runs; it has to end before the stores

Its end means that the launcher is over, whatever ended it: nodes that still run are told to drain, then the stores stop.
Standard output tells the launcher what happens, a line each:

    started NAME pid PID ADDRESS        gone NAME WHY

PLAN is JSON: {folder, mongod, mongodb: [port…], redis_server, redis: [port…], drain_seconds}; no program: not ours.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path

from tools.clustering import processes

ROLE = "--stores"
_STOP_SECONDS = 15  # they journal: what is not written out by then is replayed by the next start
_DRAIN_SPARE_SECONDS = 30  # as launcher.py


class Stores:
    def __init__(self, plan):
        self._plan = plan
        self._folder = Path(plan["folder"])
        self._running = {}  # handle -> (name, process)
        self._nodes = []  # handles
        self._selector = selectors.DefaultSelector()

    def start(self):
        for number, port in enumerate(self._plan["mongodb"], 1):
            folder = self._folder / "mongodb" / str(number)
            self._start(f"mongodb {number}", port, folder, mongod_command(self._plan["mongod"], port, folder))
        for port in self._plan["redis"]:
            folder = self._folder / "redis"
            self._start("redis", port, folder, redis_command(self._plan["redis_server"], port, folder))

    def _start(self, name, port, folder, command):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = folder.with_name(folder.name + ".log")
        if log.exists():
            log.replace(log.with_suffix(".log.old"))  # this run's and the last one's: they cannot fill the disk
        with open(log, "wb") as sink:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=folder,
                                       preexec_fn=processes.end_with_parent())
        handle = processes.open_handle(process.pid)
        self._running[handle] = (name, process)
        self._selector.register(handle, selectors.EVENT_READ, self._ended)
        say(f"started {name} pid {process.pid} 127.0.0.1:{port}")

    def _ended(self, handle):
        self._selector.unregister(handle)
        name, process = self._running.pop(handle)
        say(f"gone {name} {processes.how_it_ended(process.wait())}")

    def watch(self):
        """Until the launcher is over."""
        self._selector.register(sys.stdin.buffer.raw, selectors.EVENT_READ, None)
        text = b""
        while True:
            for key, _events in self._selector.select():
                if key.data is not None:
                    key.data(key.fd)
                    continue
                read = os.read(key.fd, 4096)
                if not read:
                    return
                *lines, text = (text + read).split(b"\n")
                for line in lines:
                    self._nodes.append(processes.open_handle(int(line.split()[1])))

    def stop(self):
        nodes = [handle for handle in self._nodes if handle is not None]
        processes.end_all(nodes, self._plan["drain_seconds"] + _DRAIN_SPARE_SECONDS)
        processes.end_all(list(self._running), _STOP_SECONDS)
        for _name, process in self._running.values():
            process.wait()


def mongod_command(program, port, folder):
    """As small as three of them on one machine should be, and quick to stop."""
    parameters = {
        "transactionLifetimeLimitSeconds": 10,  # what a node that vanished leaves behind holds others up for so long
        "diagnosticDataCollectionEnabled": "false",
        "shutdownTimeoutMillisForSignaledShutdown": 1000,  # nobody is left who could take over
    }
    return [program, "--replSet", "restante", "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket", "--dbpath", str(folder),
            "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "512", "--quiet",
            *[word for name, value in parameters.items() for word in ("--setParameter", f"{name}={value}")]]


def redis_command(program, port, folder):
    """Hints only: nothing is kept."""
    return [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no", "--daemonize", "no"]


def say(line):
    try:
        os.write(1, (line + "\n").encode())
    except BrokenPipeError:
        pass  # the launcher was killed; the end of standard input will tell


def main(plan):
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # only the end of the launcher ends the stores
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    stores = Stores(json.loads(plan))
    try:
        stores.start()
        stores.watch()
    except OSError as error:
        say(f"gone stores {error}")
    stores.stop()
    return 0
