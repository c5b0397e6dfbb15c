"""./test: chooses suites, runs them one after the other, and ends with one line that counts."""

import argparse
import os
import subprocess
import sys
import time

from tools.testing import environment, results, suites
from tools.testing.repository import LOGS, BuildFailed
from tools.testing.results import FAILED, PASSED, SKIPPED, Case

_SHOWN_LINES = 80  # of one failure; the rest is in the log


def main(arguments):
    known = suites.all_suites()
    options = _parse(arguments)
    if options.list:
        for suite in known:
            print(f"{suite.name:18} {suite.about}{' (--fast)' if suite.fast else ''}")
        return 0
    names = {suite.name for suite in known}
    unknown = [name for name in options.names if name not in names]
    if unknown:
        print(f"test: there is no suite '{unknown[0]}' (./test --list names them)", file=sys.stderr)
        return 2
    chosen = [suite for suite in known if (suite.name in options.names if options.names else suite.fast or not options.fast)]
    if options.fast:
        os.environ["RESTANTE_FAST"] = "1"
    return _report([(suite, *_timed(suite)) for suite in chosen])


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="./test", description="Runs what CI runs; with names, only those suites.")
    parser.add_argument("--fast", action="store_true", help="the inner loop: scripts, tidy and unit tests of the release build")
    parser.add_argument("--list", action="store_true", help="name the suites and end")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a suite")
    return parser.parse_args(arguments)


def _timed(suite):
    print(f"{suite.name}: {suite.about}", flush=True)
    start = time.monotonic()
    try:
        cases = suite.run()
    except BuildFailed as failure:
        cases = [Case("build", FAILED, str(failure))]
    except (OSError, subprocess.SubprocessError) as error:
        cases = [Case("suite", FAILED, f"could not be run: {error}")]
    if not cases:
        cases = [Case("suite", FAILED, "it holds no test")]
    _show(suite, cases)
    seconds = time.monotonic() - start
    print(f"{suite.name}: {_counts(cases)} in {seconds:.0f} s", flush=True)
    return cases, seconds


def _show(suite, cases):
    for case in cases:
        if case.outcome == FAILED:
            print(f"  FAILED  {suite.name}: {case.name}")
            lines = case.detail.splitlines()
            for line in lines[:_SHOWN_LINES]:
                print(f"          {line}")
            if len(lines) > _SHOWN_LINES:
                print(f"          … {len(lines) - _SHOWN_LINES} more lines in {os.path.relpath(LOGS)}")
        elif case.outcome == SKIPPED:
            print(f"  skipped {suite.name}: {case.name}: {case.detail}")


def _counts(cases):
    return ", ".join(f"{results.count(cases, outcome)} {outcome}" for outcome in (PASSED, FAILED, SKIPPED))


def _report(done):
    everything = [case for _, cases, _ in done for case in cases]
    print()
    for suite, cases, seconds in done:
        print(f"{seconds:7.1f} s  {suite.name:18} {_counts(cases)}")
    failed = [(suite, case) for suite, cases, _ in done for case in cases if case.outcome == FAILED]
    for suite, case in failed:
        print(f"failed: {suite.name}: {case.name}")
    skipped = results.count(everything, SKIPPED)
    refused = skipped and environment.in_ci()
    if refused:
        print("in CI a skipped test is a failure")
    print(_counts(everything), flush=True)
    return 1 if failed or refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
