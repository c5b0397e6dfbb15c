"""The build must configure on machines that have only a part of what the tests need."""

import pathlib
import subprocess
import tempfile
import unittest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_ONLY_GTEST = """add_library(GTest::gtest INTERFACE IMPORTED)
add_library(GTest::gtest_main INTERFACE IMPORTED)
"""


class Configure(unittest.TestCase):
    def configure(self, tests):
        """Configures beside a GTest package that comes without GMock, as Debian's libgtest-dev does."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "gtest").mkdir()
        (folder / "gtest/GTestConfig.cmake").write_text(_ONLY_GTEST)
        done = subprocess.run(["cmake", "-S", _ROOT, "-B", folder / "build", "-G", "Ninja", f"-DGTest_DIR={folder / 'gtest'}",
                               f"-DRESTANTE_TESTS={tests}"], capture_output=True, text=True)
        ninja = folder / "build/build.ninja"
        return done, ninja.read_text() if ninja.exists() else ""

    def test_without_gmock_there_are_no_unit_tests(self):
        done, ninja = self.configure("AUTO")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bin/restante", ninja)
        self.assertNotIn("base_test", ninja)

    def test_tests_that_are_asked_for_name_what_is_missing(self):
        done, _ = self.configure("ON")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("libgmock-dev", done.stderr)


if __name__ == "__main__":
    unittest.main()
