"""The launcher with a node that is none, beside stores of somebody else's: what it says, and what it leaves running."""

import contextlib
import errno
import io
import os
import signal
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tools.clustering import launcher, processes

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_BINARY = f"""#!{sys.executable}
import os, signal, sys
settings = {{"server.host": "127.0.0.1", "server.port": "1", "server.drain_timeout_ms": "1000", "storage.path": "data",
            "storage.mongodb_uri": "mongodb://somewhere", "redis.uri": "redis://somewhere"}}
if sys.argv[1] == "check":
    with open(os.path.join(os.path.dirname(sys.argv[0]), "checked"), "a") as checked:
        print(*sys.argv[2:], file=checked)
    print(*(f"{{key}}={{value}}" for key, value in settings.items()), sep="\\n")
else:
    with open(os.path.join(os.path.dirname(sys.argv[0]), "pids"), "a") as pids:
        print(os.getpid(), file=pids)
    print("listening on http://127.0.0.1:1", flush=True)
    signal.sigwait([signal.SIGTERM])
"""


class Launching(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.binary = self.folder / "restante"
        self.binary.write_text(_BINARY, encoding="ascii")
        self.binary.chmod(0o700)
        self.data = self.folder / "data"
        self.addCleanup(os.umask, os.umask(0o077))
        for number in _SIGNALS:
            self.addCleanup(signal.signal, number, signal.getsignal(number))

    def run_to_end(self, status):
        """The lines in which it complained."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(launcher.main([str(self.binary), "--data", str(self.data)]), status)
        return [line for line in said.getvalue().splitlines() if line.startswith("run: ")]

    def assert_one_node_ran_and_ended(self):
        (node,) = (self.folder / "pids").read_text(encoding="ascii").split()
        self.assertIsNone(processes.open_handle(int(node)))

    def test_what_the_system_refuses_is_one_line(self):
        (self.data / "stores.log").mkdir(parents=True)
        self.assertEqual(self.run_to_end(1), [f"run: {self.data}/stores.log: Is a directory"])

    def test_the_folder_of_the_cluster_is_the_one_that_is_checked(self):
        (self.data / "stores.log").mkdir(parents=True)
        self.run_to_end(1)
        for asked in (self.folder / "checked").read_text(encoding="ascii").splitlines():
            self.assertIn(f"--data {self.data} ", asked)

    def test_a_disk_that_fills_while_the_nodes_start_is_one_line_and_leaves_nothing_running(self):
        full = OSError(errno.ENOSPC, "No space left on device", str(self.data / "node2/keys.copy"))
        with mock.patch.object(launcher.shared_keys, "share", side_effect=full):
            self.assertEqual(self.run_to_end(1), [f"run: {self.data}/node2/keys.copy: No space left on device"])
        self.assert_one_node_ran_and_ended()

    def test_a_signal_while_a_node_is_being_started_drains_that_node_too(self):
        open_handle = processes.open_handle

        def signal_first(pid):
            """To the whole process group: the launcher that waits for Popen, and a node that is not ready to hear it."""
            os.kill(pid, signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            return open_handle(pid)

        with mock.patch.object(processes, "open_handle", signal_first):
            self.assertEqual(self.run_to_end(0), [])
        self.assert_one_node_ran_and_ended()
