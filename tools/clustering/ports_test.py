"""Ports stay the same from start to start, unless somebody else has them."""

import socket
import tempfile
import unittest
from pathlib import Path

from tools.clustering import ports

_WANTED = {"mongodb": 3, "redis": 1, "nodes": 2}


def flat(chosen):
    return [port for each in chosen.values() for port in each]


class Ports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "ports"

    def choose(self, taken=()):
        return ports.choose(self.file, _WANTED, "127.0.0.1", taken)

    def test_every_port_is_given_once_and_remembered(self):
        chosen = self.choose()
        self.assertEqual({name: len(each) for name, each in chosen.items()}, _WANTED)
        self.assertEqual(len(set(flat(chosen))), 6)
        self.assertEqual(self.choose(), chosen)

    def test_a_port_that_somebody_listens_on_is_replaced_and_the_others_stay(self):
        chosen = self.choose()
        with socket.create_server(("127.0.0.1", chosen["mongodb"][1])):
            again = self.choose()
        self.assertNotEqual(again["mongodb"][1], chosen["mongodb"][1])
        self.assertEqual([again["mongodb"][0], again["mongodb"][2]], [chosen["mongodb"][0], chosen["mongodb"][2]])
        self.assertEqual(again["nodes"], chosen["nodes"])

    def test_the_port_of_the_first_node_is_not_given_away(self):
        chosen = self.choose()
        self.assertNotIn(chosen["nodes"][0], flat(self.choose(taken=[chosen["nodes"][0]])))

    def test_a_damaged_file_is_as_good_as_none(self):
        for text in ("", "{", "[1]", '{"mongodb": 3}', '{"mongodb": ["x", 80, null], "redis": [-1]}'):
            self.file.write_text(text, encoding="ascii")
            self.assertTrue(all(20000 <= port < 32000 for port in flat(self.choose())), text)
