"""Words that have no place in a finished tree: notes of unfinished work and paths of one machine."""

import re

NAME = "words: no unfinished work, no path of one machine"

_TEXT = (".hpp", ".cpp", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".py", ".sh", ".css", ".html", ".md", ".cmake", ".txt", ".json",
         ".yml", ".yaml", ".toml", ".conf", ".service")
_FORBIDDEN = (
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"), "unfinished work belongs into an issue"),
    (re.compile(r"(?<![\w./~-])/(wo" r"rk|ro" r"ot|home/[a-z]\w*|Us" r"ers/\w+|tm" r"p/build-\w+)/"), "a path of one machine"),
)


def check(tree):
    problems = []
    scripts = [file for file in tree.files if "." not in file.rsplit("/", 1)[-1] and file != "LICENSE"]
    for file in [*tree.with_suffix(*_TEXT), *scripts]:
        for number, line in enumerate(tree.text(file).splitlines(), 1):
            for pattern, reason in _FORBIDDEN:
                match = pattern.search(line)
                if match:
                    problems.append(f"{file}:{number}: '{match[0]}': {reason}")
    return problems
