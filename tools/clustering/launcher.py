"""The foreground of ./run --cluster: checks, starts the stores' session and the nodes, waits, ends the nodes first.

    DIR/mongodb/{1,2,3}, DIR/redis   the stores' data; their logs beside them
    DIR/node1 … DIR/node3            the nodes' folders: their secrets, which all have in common
    DIR/ports                        the ports of the last start
    DIR/lock, DIR/stores.lock        held by the launcher and by the stores' session

A node or a store that ends is not started again. MongoDB or Redis of one's own: settings `storage.mongodb_uri` and
`redis.uri`; then none is started here.
"""

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tools.clustering import MEMBERS, NODES, Refused, ports, processes, shared_keys, stores
from tools.clustering.nodes import Node

_ROOT = Path(__file__).resolve().parents[2]
_DEFAULT_FOLDER = "data-cluster"
_LOCK_SECONDS = 90  # how long the stores of a launcher that was killed may take to end
_REDIS_SECONDS = 60
_DRAIN_SPARE_SECONDS = 30  # beyond the nodes' own drain time: what is queued is committed, or given up when MongoDB does not answer
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asks for the end; raised wherever the launcher is, once."""


def main(arguments):
    os.umask(0o077)
    for number in _STOP_SIGNALS:
        signal.signal(number, _stop)
    launcher = None
    try:
        launcher = Launcher(*_parse(arguments))
        launcher.start()
        launcher.watch()
        return 0
    except Stopped:
        return launcher.stop() if launcher else 0
    except (Refused, OSError) as reason:
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        complain(_in_words(reason))
        if launcher:
            launcher.stop()
        return 1


def _stop(_number, _frame):
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # the end is under way
    raise Stopped


@contextlib.contextmanager
def _signals_held():
    """A signal waits for the end of the block. A process that is started in it inherits that: it has to wait for its signals itself, as a
    node does, which then drains also when it is told to before it is ready to hear it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)


def _in_words(reason):
    """One line for the operator."""
    if isinstance(reason, OSError) and reason.strerror:
        return f"{reason.filename}: {reason.strerror}" if reason.filename else reason.strerror
    return str(reason)


def _parse(arguments):
    """The binary, options for every node, and by name those that differ from node to node. ./run has checked their form."""
    binary, *rest = arguments
    own, shared = {}, []
    while rest:
        option = rest.pop(0)
        if option == "--insecure-plaintext":
            shared.append(option)
            continue
        value = rest.pop(0)
        if option in ("--port", "--host", "--data"):
            own[option] = value
        else:
            shared += [option, value]
    return binary, shared, own


def say(line):
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


class Launcher:
    def __init__(self, binary, options, own):
        self._binary = binary
        self._options = options
        settings = self._check(own)
        self._host = settings["server.host"]
        self._port = int(settings["server.port"])
        self._drain_seconds = int(settings["server.drain_timeout_ms"]) / 1000
        self._brought = {key for key in ("storage.mongodb_uri", "redis.uri") if settings[key]}  # stores of the operator's own
        self._common = ["--set", "storage.engine=mongodb"]  # of all nodes
        named = own.get("--data") or settings["storage.path"]
        self._folder = Path(_DEFAULT_FOLDER if named == "data" and "--data" not in own else named).absolute()
        self._nodes = [Node(number, self._folder / f"node{number}") for number in range(1, NODES + 1)]
        self._locks = []
        self._stores = None  # the process that leads the stores' session
        self._heard = b""

    def _check(self, own):
        """The settings that matter here, out of the nodes' own mouth: whatever a node would refuse is refused now."""
        settings = self._ask_node(own, "rocksdb")  # which needs nothing that is only made here
        if settings["storage.mongodb_uri"]:
            self._ask_node(own, "mongodb")
        return settings

    def _ask_node(self, own, engine):
        keys = ("server.host", "server.port", "server.drain_timeout_ms", "storage.path", "storage.mongodb_uri", "redis.uri")
        places = [word for option in ("--host", "--port", "--data") if option in own for word in (option, own[option])]
        asked = [word for key in keys for word in ("--print", key)]
        command = [self._binary, "check", *self._options, "--set", f"storage.engine={engine}", *places, *asked]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.returncode)  # it has said why
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    # Start

    def start(self):
        programs = self._find_programs()
        self._look_into_folder()
        self._lock()
        wanted = {"mongodb": MEMBERS if programs["mongod"] else 0, "redis": 1 if programs["redis_server"] else 0, "nodes": NODES - 1}
        chosen = ports.choose(self._folder / "ports", wanted, self._host, taken=[self._port])
        self._start_stores(programs, chosen)
        self._prepare(chosen)
        self._start_nodes([self._port, *chosen["nodes"]])

    def _find_programs(self):
        """What has to be started here; None: the operator has one that runs."""
        programs = {"mongod": None, "redis_server": None}
        if "storage.mongodb_uri" not in self._brought:
            found = subprocess.run([_ROOT / "tools/mongodb_server"], stdout=subprocess.PIPE, text=True, check=False)
            if found.returncode != 0:
                sys.exit(found.returncode)  # it has said why
            programs["mongod"] = found.stdout.strip().splitlines()[-1]
        if "redis.uri" not in self._brought:
            programs["redis_server"] = shutil.which("redis-server")
            if not programs["redis_server"]:
                raise Refused("redis-server is not installed (Debian: redis-server)")
        return programs

    def _look_into_folder(self):
        if (self._folder / "store").exists() or (self._folder / "master.key").exists():
            raise Refused(f"{self._folder} is the data directory of a single node; a cluster needs one of its own")
        shared_keys.check([node.folder for node in self._nodes])

    def _lock(self):
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._locks = [os.open(self._folder / name, os.O_RDWR | os.O_CREAT, 0o600) for name in ("lock", "stores.lock")]
        except OSError as error:
            raise Refused(f"{self._folder} cannot be used: {error.strerror}") from error
        if not _try_lock(self._locks[0]):
            raise Refused(f"{self._folder} is in use by another ./run --cluster")
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _try_lock(self._locks[1]):  # the stores of a launcher that was killed are ending
            if time.monotonic() > deadline:
                raise Refused(f"the stores of an earlier start still run in {self._folder}")
            time.sleep(0.1)

    def _start_stores(self, programs, chosen):
        plan = {"folder": str(self._folder), **programs, "mongodb": chosen["mongodb"], "redis": chosen["redis"],
                "drain_seconds": self._drain_seconds}
        with open(self._folder / "stores.log", "wb") as log:
            self._stores = subprocess.Popen([sys.executable, _ROOT / "tools/cluster", stores.ROLE, json.dumps(plan)], start_new_session=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, pass_fds=self._locks[1:])
        os.set_blocking(self._stores.stdout.fileno(), False)
        os.close(self._locks.pop())  # from now on the stores' session alone holds it

    def _prepare(self, chosen):
        members = [f"127.0.0.1:{port}" for port in chosen["mongodb"]]
        if members:
            self._run_beside_stores([self._binary, "replica-set", *members])
            self._common += ["--set", f"storage.mongodb_uri=mongodb://{','.join(members)}/restante?replicaSet=restante"]
        for port in chosen["redis"]:
            self._common += ["--set", f"redis.uri=redis://127.0.0.1:{port}"]
            self._wait_for_redis(port)

    def _run_beside_stores(self, command):
        """Runs a command to its end, or to the end of a store."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=processes.end_with_parent())
        with selectors.DefaultSelector() as selector:
            handle = processes.open_handle(process.pid)
            selector.register(handle, selectors.EVENT_READ)
            selector.register(self._stores.stdout, selectors.EVENT_READ)
            while process.poll() is None:
                selector.select()
                self._hear(strict=True)
        os.close(handle)
        if process.returncode != 0:
            raise Refused("MongoDB did not become ready")

    def _wait_for_redis(self, port):
        deadline = time.monotonic() + _REDIS_SECONDS
        while time.monotonic() < deadline:
            self._hear(strict=True)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(64).startswith(b"+PONG"):
                    return
            time.sleep(0.05)
        raise Refused(f"Redis does not answer; see {self._folder / 'redis.log'}")

    def _start_nodes(self, node_ports):
        """The first one alone: it makes the secrets, the others get copies."""
        first, *others = self._nodes
        self._start_node(first, node_ports[0])
        self._announce(first)
        shared_keys.share([node.folder for node in self._nodes])
        for node, port in zip(others, node_ports[1:]):
            self._start_node(node, port)
        for node in others:
            self._announce(node)

    def _start_node(self, node, port):
        with _signals_held():  # until everybody knows the node whom its end concerns
            node.start(self._binary, self._host, port, [*self._options, *self._common])
            try:
                self._stores.stdin.write(f"node {node.process.pid}\n".encode())
                self._stores.stdin.flush()
            except BrokenPipeError:
                self._hear(strict=True)  # says why

    def _announce(self, node):
        line = node.wait_until_it_listens()
        say(f"node {node.number} pid {node.process.pid}")
        say(line)

    # Run

    def watch(self):
        """Tells what ends, for ever: only a signal ends the launcher, or the end of the stores' session."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._stores.stdout, selectors.EVENT_READ)
            for node in self._nodes:
                selector.register(node.handle, selectors.EVENT_READ, node)
            while True:
                for key, _events in selector.select():
                    if key.data is None:
                        self._hear(strict=False)
                        continue
                    selector.unregister(key.fd)
                    complain(f"node {key.data.number} {processes.how_it_ended(key.data.process.wait())}; it is not started again")

    def _hear(self, strict):
        """What the stores' session says. Strict: a store that ends is the end."""
        while True:
            try:
                read = os.read(self._stores.stdout.fileno(), 4096)
            except BlockingIOError:
                return
            if not read:
                raise Refused(f"the stores' session ended; see {self._folder / 'stores.log'}")
            *lines, self._heard = (self._heard + read).split(b"\n")
            for line in lines:
                self._tell(*line.decode().split(" ", 1), strict=strict)

    def _tell(self, event, what, strict):
        if event == "started":
            say(what)
            return
        text = f"{what}; its log is in {self._folder}"
        if strict:
            raise Refused(text)
        complain(f"{text}; it is not started again")

    # Stop

    def stop(self):
        """The nodes first, then the stores. The exit status: not 0 when a node did not drain."""
        running = [node for node in self._nodes if node.running()]
        late = processes.end_all([node.handle for node in running], self._drain_seconds + _DRAIN_SPARE_SECONDS)
        failed = [node for node in running if node.process.wait() != 0]
        for node in failed:
            complain(f"node {node.number} {processes.how_it_ended(node.process.returncode)} while it drained")
        if self._stores:
            with contextlib.suppress(BrokenPipeError):  # it has ended by itself, with a line for it under way
                self._stores.stdin.close()  # the stores' session stops them and ends
            self._stores.wait()
        return 1 if late or failed else 0


def complain(line):
    with contextlib.suppress(BrokenPipeError):
        print(f"run: {line}", file=sys.stderr, flush=True)


def _try_lock(descriptor):
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
