"""Running programs for the suites: own process group, a time limit, and output that ends in a log file."""

import dataclasses
import os
import signal
import subprocess

# Between the request to stop and the order: long enough for a sanitizer to write its report.
_GRACE_SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Finished:
    status: int  # exit status, negative for a signal
    output: str
    timed_out: bool = False

    @property
    def end(self):
        if self.timed_out:
            return "ran out of time"
        if self.status < 0:
            return f"was ended by {signal.Signals(-self.status).name}"
        return f"ended with status {self.status}"


def run(command, log, *, seconds, cwd=None, env=None):
    """Runs `command` with output to `log`. When it ends, whatever it started and left running ends too."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as sink:
        child = subprocess.Popen([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})},
                                 stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
        timed_out = False
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            _signal_group(child.pid, signal.SIGTERM)
            try:
                child.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        finally:
            _signal_group(child.pid, signal.SIGKILL)
        child.wait()
    return Finished(child.returncode, log.read_text(encoding="utf-8", errors="replace"), timed_out)


def _signal_group(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
