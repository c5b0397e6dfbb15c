"""Where things lie, and how they are built: one build at a time, told in a log, failing as a test would."""

import contextlib
import fcntl
import os
from pathlib import Path

from tools.testing import process

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LOGS = BUILD / "test"

# A clean build of everything takes minutes on two cores; a build that takes an hour hangs.
_BUILD_SECONDS = 3600


class BuildFailed(Exception):
    """A preparation step failed; the text is what to show."""


@contextlib.contextmanager
def lock():
    """Held while something below build/ is made; ./run takes the same one."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / ".lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make(preset, *arguments):
    """Builds targets of a preset. The unit tests are a must here, so GTest must be found."""
    log = LOGS / f"build-{preset}.log"
    with lock():
        done = process.run([ROOT / "tools/build", preset, "-DRESTANTE_TESTS=ON", *arguments], log, seconds=_BUILD_SECONDS)
    if done.status != 0:
        raise BuildFailed(failure_in(done.output))


def script(name, *arguments):
    """Runs one of the tools/ scripts that prepare something."""
    with lock():
        done = process.run([ROOT / "tools" / name, *arguments], LOGS / f"{name}.log", seconds=_BUILD_SECONDS)
    if done.status != 0:
        raise BuildFailed(done.output[-4000:])


def failure_in(output):
    """The part of a build log to show: from the first failed step on, within reason."""
    starts = [start for start in (output.find("CMake Error"), output.find("FAILED: ")) if start >= 0]
    lines = [line for line in output[min(starts, default=0):].splitlines() if not line.startswith(("[", "/usr/bin/ccache"))]
    return "\n".join(lines[:60] if starts else lines[-60:])


def processors():
    return os.cpu_count() or 1
