"""Processes end when they are asked to, when they are not listened to, and when their parent ends."""

import os
import signal
import subprocess
import sys
import unittest

from tools.clustering import processes

_PATIENCE = 60  # for a loaded machine
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


class Processes(unittest.TestCase):
    def start(self, code, **options):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, processes.open_handle(process.pid)

    def test_who_listens_ends_by_the_first_signal(self):
        process, handle = self.start("import time; time.sleep(600)")
        self.assertEqual(processes.end_all([handle], _PATIENCE), 0)
        self.assertEqual(process.wait(), -signal.SIGTERM)
        self.assertEqual(processes.how_it_ended(process.returncode), "was ended by SIGTERM")

    def test_who_does_not_listen_is_killed_and_counted(self):
        process, handle = self.start(_DEAF)
        process.stdout.readline()
        self.assertEqual(processes.end_all([handle], 0.1), 1)
        self.assertEqual(process.wait(), -signal.SIGKILL)

    def test_who_has_ended_needs_no_signal(self):
        process, handle = self.start("raise SystemExit(3)")
        process.wait()
        self.assertEqual(processes.end_all([handle], _PATIENCE), 0)
        self.assertEqual(processes.how_it_ended(process.returncode), "ended with status 3")
        self.assertIsNone(processes.open_handle(process.pid))

    def test_a_child_ends_with_a_parent_that_is_killed(self):
        child = "import signal, sys; print(signal.getsignal(signal.SIGHUP) is signal.SIG_DFL, flush=True); signal.pause()"
        parent = ("import os, signal, subprocess, sys; from tools.clustering import processes; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
                  f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE, preexec_fn=processes.end_with_parent());"
                  "print(child.pid, child.stdout.readline().decode(), flush=True); signal.pause()")
        process, _handle = self.start(parent, cwd=os.path.join(os.path.dirname(__file__), "../.."))
        pid, defaults = process.stdout.readline().split()
        handle = processes.open_handle(int(pid))
        self.assertEqual(defaults, b"True")
        process.kill()
        self.assertFalse(processes.wait_all([handle], _PATIENCE))
