"""What GCC 12 lets pass and GCC 13 does not: fixed-width integers that arrive by way of <string> or <vector>."""

import re

from tools.tidying.layers import include_target, includes

NAME = "portable: who uses std::uint8_t and its kin includes <cstdint>, itself or through a header of ours"

_FIXED_WIDTH = re.compile(r"\bstd::u?int(_fast|_least)?(8|16|32|64|ptr|max)_t\b")
_SOURCES = {"cstdint", "cinttypes", "stdint.h", "gtest/gtest.h"}


def check(tree):
    known = set(tree.files)
    closures = {}
    return [f"{file}: uses fixed-width integers without <cstdint>" for file in tree.cpp()
            if _FIXED_WIDTH.search(tree.text(file)) and not _reaches(tree, file, known, closures)]


def _reaches(tree, file, known, closures):
    """True when <cstdint> is among the file's own includes or those of our headers below it."""
    if file not in closures:
        closures[file] = False  # ends a cycle of includes
        for quoted, header, _position in includes(tree.text(file)):
            target = include_target(file, header, known) if quoted else None
            if header in _SOURCES or header.startswith("boost/asio") or (target and _reaches(tree, target, known, closures)):
                closures[file] = True
                break
    return closures[file]
