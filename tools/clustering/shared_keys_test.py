"""All nodes get the same secrets, and none is ever overwritten."""

import tempfile
import unittest
from pathlib import Path

from tools.clustering import Refused, shared_keys


class SharedKeys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folders = [Path(folder.name) / name for name in ("node1", "node2", "node3")]
        self.first = self.folders[0]
        self.first.mkdir()
        for name in shared_keys.NAMES:
            (self.first / name).write_text(f"secret of {name}", encoding="ascii")
        (self.first / "master.key").chmod(0o400)
        (self.first / "believed_time").write_text("1 2 3", encoding="ascii")

    def test_the_others_get_copies_that_are_as_private_and_nothing_else(self):
        shared_keys.share(self.folders)
        for other in self.folders[1:]:
            self.assertEqual(sorted(file.name for file in other.iterdir()), sorted(shared_keys.NAMES))
            self.assertEqual((other / "master.key").stat().st_mode & 0o777, 0o400)
            self.assertEqual((other / "keys").read_text(), "secret of keys")
        shared_keys.share(self.folders)

    def test_a_secret_that_differs_is_refused_and_stays(self):
        shared_keys.share(self.folders)
        (self.folders[2] / "keys").write_text("another", encoding="ascii")
        with self.assertRaisesRegex(Refused, "node3/keys differs from .*node1/keys"):
            shared_keys.share(self.folders)
        self.assertEqual((self.folders[2] / "keys").read_text(), "another")

    def test_a_first_node_that_lost_a_secret_does_not_make_a_second_one(self):
        shared_keys.share(self.folders)
        (self.first / "operator_token").unlink()
        with self.assertRaisesRegex(Refused, "node1/operator_token is missing"):
            shared_keys.check(self.folders)

    def test_a_copy_that_a_crash_left_half_done_is_made_again(self):
        self.folders[1].mkdir()
        (self.folders[1] / "keys.copy").write_text("sec", encoding="ascii")
        shared_keys.share(self.folders)
        self.assertEqual((self.folders[1] / "keys").read_text(), "secret of keys")
