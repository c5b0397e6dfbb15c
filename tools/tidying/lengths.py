"""Files and functions stay short: a file ends before line 500, a function before 60 lines."""

import re

NAME = "lengths: no file above 500 lines, no function above 60"

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
EXCEPTIONS = "tools/tidy_exceptions"
_CODE = (".hpp", ".cpp", ".ts", ".tsx", ".js", ".mjs", ".py", ".css", ".html", ".cmake")

_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^\s()\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.DOTALL | re.MULTILINE)
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def without_noise(text):
    """The text with comments, literals and preprocessor lines blanked out and every line in its place."""
    return _NOISE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _kind(head, depth_kinds):
    """What a `{` opens, told by the text before it and by what it lies in."""
    if "block" in depth_kinds or "function" in depth_kinds:
        return "block"
    before_parenthesis = head.split("(", 1)[0]
    if _SCOPE.search(before_parenthesis) and "=" not in before_parenthesis and not re.search(r"\)\s*(const|noexcept|override|final|->.*)*\s*$", head):
        return "scope"
    if "operator" not in before_parenthesis and "=" in before_parenthesis:
        return "block"  # an initialiser: a table is data
    # A constructor's initialiser list opens braces of its own; what follows them is the body, with an almost empty head.
    return "function" if "(" in head or head.strip() in ("", ",") or head.lstrip().startswith(",") else "block"


def functions(text):
    """(first line, number of lines, head) of every function body. A body inside a body belongs to the outer one."""
    text = without_noise(text)
    stack, head, found, line = [], [], [], 1
    for character in text:
        if character == "\n":
            line += 1
        if character == "{":
            kind = _kind("".join(head), [entry[0] for entry in stack])
            stack.append((kind, line, " ".join("".join(head).split())))
            head = []
        elif character == "}":
            if stack:
                kind, first, opened_by = stack.pop()
                if kind == "function":
                    found.append((first, line - first + 1, opened_by))
            head = []
        elif character == ";":
            head = []
        else:
            head.append(character)
    return found


def exceptions(tree):
    """file -> reason, from lines of the form `path: reason`."""
    if EXCEPTIONS not in tree.files:
        return {}
    lines = [line for line in tree.text(EXCEPTIONS).splitlines() if line.strip() and not line.startswith("#")]
    return {path.strip(): reason.strip() for path, _, reason in (line.partition(":") for line in lines)}


def check(tree):
    problems = []
    excused = exceptions(tree)
    for file, reason in excused.items():
        if not reason:
            problems.append(f"{EXCEPTIONS}: {file} has no reason")
        elif file not in tree.files:
            problems.append(f"{EXCEPTIONS}: {file} does not exist any more")
    for file in tree.with_suffix(*_CODE):
        lines = tree.text(file).count("\n")
        if lines > MAX_FILE_LINES and file not in excused:
            problems.append(f"{file}: {lines} lines, the stop is {MAX_FILE_LINES}")
    for file in tree.cpp():
        for first, length, head in functions(tree.text(file)):
            if length > MAX_FUNCTION_LINES:
                problems.append(f"{file}:{first}: a function of {length} lines, the stop is {MAX_FUNCTION_LINES} ({head[:60]})")
    return problems
