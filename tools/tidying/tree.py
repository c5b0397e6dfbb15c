"""The files of a checkout, as the checks see them: sources and texts, without what is built, installed or stored."""

import functools
import os
from pathlib import Path

_IGNORED = {".git", "build", "node_modules", "data", "data-cluster", "dist", "__pycache__", ".cache", ".vscode", ".idea"}


class Tree:
    """A folder and its relative file names. The self-tests hand the checks small trees of their own."""

    def __init__(self, root):
        self.root = Path(root)

    @functools.cached_property
    def files(self):
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _IGNORED)
            for name in sorted(names):
                found.append(os.path.relpath(os.path.join(folder, name), self.root))
        return found

    def with_suffix(self, *suffixes, under=()):
        return [f for f in self.files if f.endswith(suffixes) and (not under or f.split("/")[0] in under)]

    def cpp(self):
        return self.with_suffix(".hpp", ".cpp", under=("libs", "src", "bench", "tests", "examples"))

    @functools.lru_cache(maxsize=None)
    def text(self, file):
        return (self.root / file).read_text(encoding="utf-8", errors="replace")
