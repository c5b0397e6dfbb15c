"""One answer to "is this CI?", and what hangs on it."""

import contextlib
import io
import os
import types
import unittest
from unittest import mock

from tools.testing import environment, kinds, runner
from tools.testing.results import PASSED, SKIPPED, Case

_NO = (None, "", "0", "false", "False")
_YES = ("true", "1", "yes", "github")


def _ci(value, **more):
    values = {key: text for key, text in os.environ.items() if key not in ("CI", "RESTANTE_FAST", "RESTANTE_MONGODB_URI")}
    return mock.patch.dict(os.environ, values | more | ({} if value is None else {"CI": value}), clear=True)


class Ci(unittest.TestCase):
    def test_it_is_what_is_set_and_does_not_say_no(self):
        for values, expected in ((_NO, False), (_YES, True)):
            for value in values:
                with self.subTest(value=value), _ci(value):
                    self.assertIs(environment.in_ci(), expected)

    def test_a_skip_fails_there_and_only_there(self):
        done = [(types.SimpleNamespace(name="suite"), [Case("one", PASSED), Case("two", SKIPPED, "why")], 1.0)]
        for values, expected in ((_NO, 0), (_YES, 1)):
            for value in values:
                with self.subTest(value=value), _ci(value), contextlib.redirect_stdout(io.StringIO()):
                    self.assertEqual(runner._report(done), expected)

    def test_there_the_inner_loop_has_its_database_too(self):
        started = types.SimpleNamespace(status=0, output="/path/mongod\n")
        for values, expected in ((_NO, {}), (_YES, {"RESTANTE_MONGOD": "/path/mongod"})):
            for value in values:
                with (self.subTest(value=value), _ci(value, RESTANTE_FAST="1"), mock.patch.object(kinds.process, "run", return_value=started),
                      mock.patch.object(kinds.repository, "lock", contextlib.nullcontext)):
                    self.assertEqual(kinds._mongodb(), expected)
