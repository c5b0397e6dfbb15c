"""Every header compiles alone and guards itself.

A header with a source file of the same name is compiled alone by that file, as long as the file includes it first. The others
are compiled by the CMake target header_check, so results are cached like all other objects.
"""

import re
import subprocess

NAME = "headers: every header compiles on its own"


_INCLUDE = re.compile(r'^#include\s+["<]([^">]+)', re.MULTILINE)


def check(tree):
    return habits(tree) + _compiled(tree)


def habits(tree):
    """What can be said without a compiler."""
    problems = []
    for header in tree.with_suffix(".hpp", under=("libs", "src")):
        if not tree.text(header).startswith("#pragma once\n"):
            problems.append(f"{header}:1: a header begins with #pragma once")
        source = header.removesuffix(".hpp") + ".cpp"
        if source not in tree.files:
            continue
        first = _INCLUDE.search(tree.text(source))
        if not first or first[1] != header.split("/", 1)[1]:
            problems.append(f"{source}: its first #include is not its own header, which shows that the header compiles alone")
    return problems


def _compiled(tree):
    if not tree.with_suffix(".hpp", under=("libs", "src")):
        return []
    call = subprocess.run([tree.root / "tools/build", "release", "-k0", "header_check"], cwd=tree.root, capture_output=True,
                          text=True, check=False)
    if call.returncode == 0:
        return []
    return problems_in(call.stdout, str(tree.root)) or [call.stderr.strip() + "\n" + call.stdout[-2000:]]


def problems_in(output, root):
    """The first error of each failed object in ninja's output."""
    problems = []
    for block in re.split(r"^FAILED: ", output, flags=re.MULTILINE)[1:]:
        error = re.search(r"^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$", block, re.MULTILINE)
        header = re.search(r"header_check/(\S+?\.hpp)\.cpp", block)
        name = header[1] if header else block.splitlines()[0]
        place = f"{error[1]}:{error[2]}: {error[3]}".replace(root + "/", "") if error else block[:500]
        problems.append(f"{name} does not compile alone: {place}")
    return problems
