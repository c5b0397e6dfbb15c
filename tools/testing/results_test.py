"""The reports of GTest and Node, as they really look, are counted right."""

import unittest

from tools.testing.results import FAILED, PASSED, SKIPPED, count, from_gtest_output, from_gtest_xml, from_tap

LATER = "TO" "DO"


class Tap(unittest.TestCase):
    REPORT = "\n".join((
        "TAP version 13",
        "# Subtest: alone", "ok 1 - alone", "  ---", "  duration_ms: 0.9", "  ...",
        "# Subtest: parent",
        "    # Subtest: child",
        "    ok 1 - child", "      ---", "      duration_ms: 0.1", "      ...",
        "    # Subtest: child \\# two",
        "    not ok 2 - child \\# two", "      ---", "      error: |-", "        not ok 7 - a quoted line", "      ...",
        "    1..2",
        "not ok 2 - parent", "  ---", "  failureType: 'subtestsFailed'", "  ...",
        "    ok 1 - later # SKIP no network", f"    ok 2 - some day # {LATER}", "    1..2",
        "ok 3 - group", "  ---", "  type: 'suite'", "  ...",
        "1..3"))

    def test_leaves_are_counted_and_parents_are_not(self):
        cases = from_tap(self.REPORT)
        self.assertEqual([("alone", PASSED), ("child", PASSED), ("child # two", FAILED), ("later", SKIPPED), ("some day", SKIPPED)],
                         [(case.name, case.outcome) for case in cases])

    def test_a_skip_keeps_its_reason_and_a_failure_its_words(self):
        cases = {case.name: case for case in from_tap(self.REPORT)}
        self.assertEqual("no network", cases["later"].detail)
        self.assertIn("a quoted line", cases["child # two"].detail)

    def test_a_parent_that_fails_by_itself_is_a_failure(self):
        cases = from_tap("    ok 1 - child\n    1..1\nnot ok 1 - parent\n  ---\n  failureType: 'hookFailed'\n  ...\n1..1")
        self.assertEqual([("child", PASSED), ("parent", FAILED)], [(case.name, case.outcome) for case in cases])


class Gtest(unittest.TestCase):
    def test_passed_failed_skipped_and_disabled(self):
        cases = from_gtest_xml(
            '<testsuites><testsuite name="A">'
            '<testcase name="Works" status="run" result="completed" classname="A" />'
            '<testcase name="Fails" status="run" result="completed" classname="A"><failure message="a.cpp:3&#x0A;no" type=""/></testcase>'
            '<testcase name="Skips" status="run" result="skipped" classname="A"><skipped message="a.cpp:9&#x0A;needs IPv6"/></testcase>'
            '<testcase name="DISABLED_Off" status="notrun" result="suppressed" classname="A" />'
            "</testsuite></testsuites>")
        self.assertEqual([PASSED, FAILED, SKIPPED, SKIPPED], [case.outcome for case in cases])
        self.assertEqual("needs IPv6", cases[2].detail)
        self.assertEqual("disabled in the source", cases[3].detail)

    def test_a_program_that_dies_fails_the_test_it_was_in(self):
        output = "[ RUN      ] A.Works\n[       OK ] A.Works (0 ms)\n[ RUN      ] A.Crashes\n"
        cases = from_gtest_output(output, "was ended by SIGSEGV")
        self.assertEqual([("A.Works", PASSED), ("A.Crashes", FAILED)], [(case.name, case.outcome) for case in cases])
        self.assertIn("SIGSEGV", cases[1].detail)

    def test_a_program_that_dies_at_its_end_does_not_pass(self):
        cases = from_gtest_output("[ RUN      ] A.Works\n[       OK ] A.Works (0 ms)\n", "ended with status 1")
        self.assertEqual(1, count(cases, FAILED))
