"""clang-format, the version that the project pins, has nothing to change."""

import concurrent.futures
import os
import re
import shutil
import subprocess

NAME = "formatting: clang-format-19 has nothing to change"

_FORMATTER = "clang-format-19"
_FILES_PER_CALL = 20


def check(tree):
    if shutil.which(_FORMATTER) is None:
        return [f"{_FORMATTER} is not installed (tools/install_dependencies test)"]
    files = tree.cpp()
    chunks = [files[start:start + _FILES_PER_CALL] for start in range(0, len(files), _FILES_PER_CALL)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [problem for problems in pool.map(lambda chunk: _format(tree, chunk), chunks) for problem in problems]


def _format(tree, files):
    call = subprocess.run([_FORMATTER, "--style=file", "--dry-run", "-Werror", "--ferror-limit=1", *files], cwd=tree.root,
                          capture_output=True, text=True, check=False)
    if call.returncode == 0:
        return []
    found = re.findall(r"^(\S+?):(\d+):\d+: error:", call.stderr, re.MULTILINE)
    wrong = dict(reversed(found))  # the first place of each file
    return [f"{file}:{line}: not formatted ({_FORMATTER} -i {file})" for file, line in sorted(wrong.items())] or [call.stderr.strip()]
