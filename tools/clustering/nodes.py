"""One node: a `restante serve` with a folder of its own."""

import os
import select
import subprocess
import time

from tools.clustering import Refused, processes

_START_SECONDS = 180  # a loaded machine, not a limit


class Node:
    def __init__(self, number, folder):
        self.number = number
        self.folder = folder
        self.process = None
        self.handle = None

    def start(self, binary, host, port, options):
        self.process = subprocess.Popen([binary, "serve", "--host", host, "--port", str(port), "--data", self.folder, *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=processes.end_with_parent())
        self.handle = processes.open_handle(self.process.pid)

    def wait_until_it_listens(self):
        """Its line `listening on …`."""
        output, text = self.process.stdout.fileno(), b""
        deadline = time.monotonic() + _START_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([output], [], [], left)[0]:
                break
            read = os.read(output, 4096)
            if not read:
                raise Refused(f"node {self.number} {processes.how_it_ended(self.process.wait())}")
            text += read
            for line in text.decode(errors="replace").splitlines(keepends=True):
                if line.startswith("listening on ") and line.endswith("\n"):
                    return line.strip()
        raise Refused(f"node {self.number} does not listen after {_START_SECONDS} s")

    def running(self):
        return self.process is not None and self.process.poll() is None
