"""What a suite found: one Case per test, read from what GTest and Node's test runner write down."""

import dataclasses
import re
import xml.etree.ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    outcome: str
    detail: str = ""  # what went wrong, or why it was skipped


def count(cases, outcome):
    return sum(1 for case in cases if case.outcome == outcome)


def from_gtest_xml(text):
    """The cases of one `--gtest_output=xml` report."""
    cases = []
    for test in xml.etree.ElementTree.fromstring(text).iter("testcase"):
        name = f"{test.get('classname')}.{test.get('name')}"
        failures = [failure.get("message", "") for failure in test.findall("failure")]
        skipped = test.find("skipped")
        if failures:
            cases.append(Case(name, FAILED, "\n".join(failures)))
        elif test.get("status") == "notrun":
            cases.append(Case(name, SKIPPED, "disabled in the source"))
        elif test.get("result") == "skipped" or skipped is not None:
            message = (skipped.get("message", "") if skipped is not None else "").strip().splitlines()
            cases.append(Case(name, SKIPPED, message[-1] if message else "no reason given"))
        else:
            cases.append(Case(name, PASSED))
    return cases


def from_gtest_output(text, end):
    """The cases of a GTest program that died before it could write its report; `end` says how it died."""
    cases = [Case(name, PASSED) for name in re.findall(r"^\[       OK \] (\S+)", text, re.MULTILINE)]
    cases += [Case(name, SKIPPED, "no reason given") for name in re.findall(r"^\[  SKIPPED \] (\S+) \(", text, re.MULTILINE)]
    failed = re.findall(r"^\[  FAILED  \] (\S+?),? .*\(\d+ ms\)$", text, re.MULTILINE)
    cases += [Case(name, FAILED, "see the log") for name in failed]
    started = re.findall(r"^\[ RUN      \] (\S+)", text, re.MULTILINE)
    over = {case.name for case in cases}
    running = [name for name in started if name not in over]
    cases.append(Case(running[-1] if running else "start or end of the program", FAILED, f"the program {end}\n" + text[-4000:]))
    return cases


_LATER = "TO" "DO"  # TAP's word for a test that is still to be written
_POINT = re.compile(rf"^( *)(not )?ok \d+(?: - (.*?))?(?: (?<!\\)# (SKIP|{_LATER})\b ?(.*))?$", re.IGNORECASE)


def from_tap(text):
    """The leaves of a TAP report as Node writes it: a test with subtests counts only when it failed by itself."""
    cases = []
    pending = {}  # depth -> (children so far, failed children so far), of the parent whose line is still to come
    for depth, failed, name, directive, reason, diagnostics in _points(text):
        children, failed_children = pending.pop(depth + 1, (0, 0))
        if children == 0 or (failed and failed_children == 0):
            if directive in ("SKIP", _LATER):
                cases.append(Case(name, SKIPPED, reason or ("no reason given" if directive == "SKIP" else "still to be written")))
            else:
                cases.append(Case(name, FAILED if failed else PASSED, diagnostics if failed else ""))
        siblings, failed_siblings = pending.get(depth, (0, 0))
        pending[depth] = (siblings + 1, failed_siblings + bool(failed))
    return cases


def _points(text):
    """(depth, failed, name, directive, reason, diagnostics) of every test line; YAML blocks are no test lines."""
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        match = _POINT.match(lines[index])
        index += 1
        if not match:
            continue
        indent = match[1]
        diagnostics = []
        if index < len(lines) and lines[index] == f"{indent}  ---":
            index += 1
            while index < len(lines) and lines[index] != f"{indent}  ...":
                diagnostics.append(lines[index][len(indent) + 2:])
                index += 1
        name = re.sub(r"\\(.)", r"\1", match[3] or "unnamed")
        yield (len(indent) // 4, bool(match[2]), name, (match[4] or "").upper(), match[5], "\n".join(diagnostics))
