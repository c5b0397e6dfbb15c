"""ARCHITECTURE.md's map and the folders agree: every room is on the map, everything on the map exists."""

import re

NAME = "map: ARCHITECTURE.md names every room, and only rooms that exist"

MAP = "ARCHITECTURE.md"
# A row of the map: | `libs/base` | what it is … |
_ROW = re.compile(r"^\|\s*`([^`]+?)/?`\s*\|", re.MULTILINE)
_CODE = (".hpp", ".cpp", ".ts", ".tsx", ".js", ".mjs", ".py", ".html")
_WITHOUT_ROOMS_OF_THEIR_OWN = ("tools", "tests", "web", "bench", "deploy", "docs", "cmake", "sdk", "examples")


def rooms(tree):
    """Folders that hold code directly, below libs/ and src/; elsewhere the top folder is the room."""
    found = set()
    for file in tree.files:
        folder, _, _name = file.rpartition("/")
        top = folder.split("/")[0]
        if top in ("libs", "src") and file.endswith(_CODE):
            found.add(folder)
        elif top in _WITHOUT_ROOMS_OF_THEIR_OWN:
            found.add(top)
    return found


def check(tree):
    if MAP not in tree.files:
        return [f"{MAP} is missing"]
    named = set(_ROW.findall(tree.text(MAP)))
    folders = {folder for file in tree.files for folder in _parents(file)}
    problems = [f"{MAP} does not name the room {room}" for room in sorted(rooms(tree) - named)]
    problems += [f"{MAP} names {room}, which does not exist" for room in sorted(named - folders)]
    return problems


def _parents(file):
    parts = file.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
