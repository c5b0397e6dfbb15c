"""How each kind of suite is built and run. Every function here returns the suite's cases."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import unittest

from tools import tidying
from tools.testing import environment, process, repository
from tools.testing.repository import ROOT, BUILD, LOGS, BuildFailed
from tools.testing.results import FAILED, PASSED, SKIPPED, Case, from_gtest_output, from_gtest_xml, from_tap
from tools.tidying.tree import Tree

# Limits for what hangs, not for what is slow: many times what the longest suite takes.
_UNIT_SECONDS = 600
_NODE_SECONDS = 1500
_FUZZ_SPARE_SECONDS = 120
_FUZZ_MEMORY_MIB = 2048
_FUZZ_CASE_SECONDS = 5

# Programs that mostly wait, for elections of servers they start themselves: so many processes share their tests.
_SHARDS = {"store_conformance": 3}
# Suites below tests/ that mostly wait, for back-offs and limits of time: so many of their files run side by side.
_SIDE_BY_SIDE = {"integration": 2, "push": 2, "observability": 2}
# Of the MongoDB driver, in shared memory: a program that is killed on purpose leaves them behind, and a server under test
# that gets its process number later complains on standard error.
_NO_DRIVER_COUNTERS = {"MONGOC_DISABLE_SHM": "1"}


def python():
    """unittest files of the scripts themselves."""
    class Recorder(unittest.TestResult):
        cases: list = []

        def addSuccess(self, test):
            self.cases.append(Case(test.id(), PASSED))

        def addFailure(self, test, err):
            self.cases.append(Case(test.id(), FAILED, self._exc_info_to_string(err, test)))

        addError = addFailure

        def addSkip(self, test, reason):
            self.cases.append(Case(test.id(), SKIPPED, reason))

    recorder = Recorder()
    recorder.cases = []
    unittest.defaultTestLoader.discover(str(ROOT / "tools"), "*_test.py", str(ROOT)).run(recorder)
    return recorder.cases


def tidy():
    tree = Tree(ROOT)
    cases = []
    for check in tidying.CHECKS:
        with repository.lock():
            problems = check.check(tree)
        cases.append(Case(check.NAME, FAILED if problems else PASSED, "\n".join(problems)))
    return cases


def compile_everything():
    repository.make("dev", "all", "benchmarks")
    return [Case("every target compiles with clang-19", PASSED)]


def unit(preset):
    """All programs that ctest knows, a processor each; those that mostly wait come first and run beside the others."""
    repository.make(preset, "unit_tests")
    listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=BUILD / preset, capture_output=True, text=True, check=True)
    tests = [test for test in json.loads(listing.stdout)["tests"] if "command" in test]
    reports = _Reports(preset, "unit")
    servers = _mongodb()
    # A server that the user named is one for all: no two processes at once on it.
    shards = {test["name"]: _SHARDS.get(test["name"], 1) if servers else 1 for test in tests}
    tests.sort(key=lambda test: -shards[test["name"]])
    jobs = [(test, shard, shards[test["name"]]) for test in tests for shard in range(shards[test["name"]])]
    beside = len(jobs) - len(tests)
    with concurrent.futures.ThreadPoolExecutor(repository.processors() + beside) as pool:
        found = [case for cases in pool.map(lambda job: _gtest(preset, *job, reports, servers), jobs) for case in cases]
    return found + reports.cases()


def _mongodb():
    """Where the tests find a MongoDB server. Without one they skip themselves, with the reason; so they do in the inner loop,
    which is there to be quick, but never in CI."""
    if os.environ.get("RESTANTE_FAST") and not environment.in_ci():
        return {}
    if os.environ.get("RESTANTE_MONGODB_URI"):
        return {}
    with repository.lock():
        done = process.run([ROOT / "tools/mongodb_server"], LOGS / "mongodb_server.log", seconds=_UNIT_SECONDS)
    return {"RESTANTE_MONGOD": done.output.strip().splitlines()[-1]} if done.status == 0 else {}


def _gtest(preset, test, shard, shards, reports, servers):
    name, command = test["name"], test["command"]
    folder = LOGS / f"unit-{preset}"
    log = folder / (f"{name}-{shard}.log" if shards > 1 else f"{name}.log")
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    done = process.run(command, log, seconds=_UNIT_SECONDS, cwd=folder if folder.is_dir() else None,
                       env={"GTEST_OUTPUT": f"xml:{report}", "GTEST_TOTAL_SHARDS": str(shards), "GTEST_SHARD_INDEX": str(shard),
                            **_NO_DRIVER_COUNTERS, **servers, **reports.environment})
    if report.is_file():
        cases = from_gtest_xml(report.read_text(encoding="utf-8", errors="replace"))
        if done.status != 0 and not any(case.outcome == FAILED for case in cases):
            cases.append(Case("end of the program", FAILED, f"the program {done.end} after its tests\n{done.output[-1000:]}"))
    elif done.status == 0:
        cases = [Case("program", PASSED)]  # not a GTest program: its exit status is its verdict
    else:
        cases = from_gtest_output(done.output, done.end)
    return [Case(f"{name}: {case.name}", case.outcome, case.detail) for case in cases]


def node_files(name):
    folder = ROOT / "tests" / name
    found = [file.relative_to(folder) for pattern in ("*.test.js", "*.test.mjs", "*_test.js", "*_test.mjs") for file in folder.rglob(pattern)]
    return sorted(str(file) for file in found if "node_modules" not in file.parts)


def node(name, preset):
    """tests/NAME on the binaries of a preset, which it finds in RESTANTE_BIN."""
    if name == "e2e" and not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return [Case(f"tests/{name}", SKIPPED, "no Chromium is installed")]
    repository.script("npm_install", ROOT / "tests" / name)
    repository.script("build_web")
    binaries = os.environ.get("RESTANTE_BIN")
    if not binaries:
        repository.make(preset, "binaries")
        binaries = str(BUILD / preset / "bin")
    reports = _Reports(preset, name)
    environment = {"RESTANTE_BIN": binaries, "RESTANTE_SLOW": _SLOWER.get(preset, "1"), **reports.environment}
    files, folder = node_files(name), ROOT / "tests" / name
    width, stem = _SIDE_BY_SIDE.get(name, 1), f"{name}-{preset}"
    runs = {stem: files} if width == 1 else {f"{stem}/{file}": [file] for file in files}
    with concurrent.futures.ThreadPoolExecutor(width) as pool:
        done = pool.map(lambda run: _node_test(name, run[1], folder, LOGS / f"{run[0]}.tap", environment), runs.items())
        found = [case for cases in done for case in cases]
    return found + reports.cases()


def _node_test(name, files, folder, log, environment):
    done = process.run(["node", "--test", "--test-reporter=tap", *files], log, seconds=_NODE_SECONDS, cwd=folder, env=environment)
    cases = from_tap(done.output)
    if done.timed_out or (done.status != 0 and not any(case.outcome == FAILED for case in cases)):
        cases.append(Case("node --test", FAILED, f"{name}: node --test {done.end}\n{done.output[-4000:]}"))
    return cases


def web():
    """The page's own unit tests, which know no server, and its types."""
    folder, tests = ROOT / "web", BUILD / "web-tests"
    repository.script("npm_install", folder)
    types = process.run(["npm", "run", "--silent", "check"], LOGS / "web-types.log", seconds=_UNIT_SECONDS, cwd=folder)
    cases = [Case("types", PASSED if types.status == 0 else FAILED, "" if types.status == 0 else types.output)]
    built = process.run(["node", "build.mjs", "--tests"], LOGS / "web-build.log", seconds=_UNIT_SECONDS, cwd=folder)
    if built.status != 0:
        raise BuildFailed(built.output)
    files = sorted(str(file.relative_to(tests)) for file in tests.glob("*.test.mjs"))
    return cases + (_node_test("web", files, tests, LOGS / "web.tap", {}) if files else [])


def fuzz():
    seconds = int(os.environ.get("RESTANTE_FUZZ_SECONDS", "10"))
    repository.make("dev", "fuzzers")
    targets = sorted(target.stem for target in ROOT.glob("*/**/*_fuzz.cpp"))
    with concurrent.futures.ThreadPoolExecutor(repository.processors()) as pool:
        return list(pool.map(lambda target: _fuzz(target, seconds), targets))


def _fuzz(target, seconds):
    """One target on a corpus that grows from run to run; a finding stays beside the log.

    The seed is fixed: what a clean checkout meets first is the same every time, and more seconds go further on the same way.
    """
    program = BUILD / "dev/bin" / target
    if not program.is_file():
        return Case(target, FAILED, "no room of the build owns it; is its folder named in the root CMakeLists.txt?")
    folder = BUILD / "fuzz/findings" / target
    corpus = BUILD / "fuzz/corpus" / target
    for place in (folder, corpus):
        place.mkdir(parents=True, exist_ok=True)
    seeds = [seed for seed in ROOT.glob(f"*/**/{target}_seeds") if seed.is_dir()]
    done = process.run([program, "-seed=1", f"-max_total_time={seconds}", f"-timeout={_FUZZ_CASE_SECONDS}",
                        f"-rss_limit_mb={_FUZZ_MEMORY_MIB}", "-print_final_stats=1", f"-artifact_prefix={folder}/", corpus, *seeds],
                       LOGS / "fuzz" / f"{target}.log", seconds=seconds + _FUZZ_SPARE_SECONDS, env=_SANITIZER_OPTIONS)
    if done.status == 0:
        return Case(target, PASSED, "")
    report = "\n".join(line for line in done.output.splitlines() if not line.startswith("#"))  # less the progress
    return Case(target, FAILED, f"{done.end}\n{report[-6000:]}")


_SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1",
    "LSAN_OPTIONS": f"print_suppressions=0:suppressions={ROOT}/tools/testing/leak_sanitizer_suppressions",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:die_after_fork=0:second_deadlock_stack=1:history_size=4:"
                    f"suppressions={ROOT}/tools/testing/thread_sanitizer_suppressions",
}


# How many times as long an instrumented server may take; tests scale their time limits by it (RESTANTE_SLOW).
_SLOWER = {"dev": "2", "tsan": "4"}


class _Reports:
    """Sanitizer reports of a suite, also those of servers whose end no test looked at. Nothing for other presets."""

    def __init__(self, preset, suite):
        self._folder = BUILD / preset / "sanitizer_reports" / suite
        self.environment = {}
        if preset not in ("dev", "tsan"):
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self.environment = {name: f"{options}:log_path={self._folder}/report" for name, options in _SANITIZER_OPTIONS.items()}
        symbolizer = shutil.which("llvm-symbolizer-19")
        if symbolizer:
            for name, variable in (("ASAN", "ASAN_SYMBOLIZER_PATH"), ("UBSAN", "UBSAN_SYMBOLIZER_PATH")):
                self.environment[variable] = symbolizer
            self.environment["TSAN_OPTIONS"] += f":external_symbolizer_path={symbolizer}"

    def cases(self):
        if not self.environment:
            return []
        found = sorted(self._folder.glob("report*"))
        return [Case(f"sanitizer report {file.name}", FAILED, file.read_text(errors="replace")[:8000]) for file in found]
