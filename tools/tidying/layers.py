"""The one-way street between the rooms (ARCHITECTURE.md, "Direction"): who may include whom, and which library where."""

import re

NAME = "layers: every include points down the one-way street"

_CODECS = ("libs/socketio/engineio_codec", "libs/socketio/websocket_codec", "libs/socketio/socketio_codec")
_ENGINE = (*_CODECS, "libs/socketio/engineio", "libs/aio", "libs/base")
_PROTOCOL = (*_ENGINE, "libs/socketio/server")
_MODEL = ("src/chat/model",)
_CHAT = ("src/chat/model", "src/chat/rules", "src/chat/ports", "src/chat/services")

# Room -> (rooms it may include besides itself, kinds of third-party headers it may include).
# `posix` is the operating system without sockets, `boost` is Boost without I/O and without JSON.
ROOMS = {
    "libs/base": ((), ("boost", "posix")),
    "libs/aio": (("libs/base",), ("boost", "asio", "posix", "socket")),
    # Both push adapters send through it: an adapter may not include another one, so their common part is a library.
    "libs/http_client": (("libs/base",), ("boost", "curl", "openssl", "socket", "posix")),
    "libs/redis": (("libs/aio", "libs/base"), ("boost", "asio", "openssl")),
    "libs/socketio/engineio_codec": (("libs/base",), ()),
    "libs/socketio/websocket_codec": (("libs/base",), ()),
    "libs/socketio/socketio_codec": (("libs/base",), ()),
    "libs/socketio/engineio": (_ENGINE, ("boost", "asio", "beast", "openssl", "posix", "socket")),
    "libs/socketio/server": (("libs/socketio/socketio_codec", "libs/socketio/engineio", "libs/aio", "libs/base"), ("boost",)),
    "libs/socketio/broadcaster_redis": (("libs/socketio/server", "libs/socketio/socketio_codec", "libs/redis", "libs/aio", "libs/base"), ()),
    "libs/socketio/examples": ((*_PROTOCOL, "libs/socketio/broadcaster_redis", "libs/redis"), ("boost", "asio", "posix")),
    "src/chat/model": (("libs/base",), ("boost",)),
    "src/chat/rules": ((*_MODEL, "libs/base"), ("boost",)),
    "src/chat/ports": ((*_MODEL, "src/chat/rules", "libs/base"), ("boost",)),
    "src/chat/services": ((*_CHAT, "libs/base", "libs/aio"), ("boost",)),
    "src/adapters/memory": ((*_MODEL, "src/chat/ports", "libs/base", "libs/aio"), ("boost",)),
    "src/adapters/rocksdb": ((*_MODEL, "src/chat/ports", "libs/base", "libs/aio"), ("boost", "rocksdb", "posix")),
    "src/adapters/mongodb": ((*_MODEL, "src/chat/ports", "libs/base", "libs/aio"), ("boost", "mongoc")),
    "src/adapters/redis": ((*_MODEL, "src/chat/ports", "libs/redis", "libs/base", "libs/aio"), ("boost",)),
    "src/adapters/crypto": ((*_MODEL, "src/chat/ports", "libs/base", "libs/aio"), ("boost", "openssl", "sodium", "posix")),
    "src/adapters/local": ((*_MODEL, "src/chat/ports", "libs/base", "libs/aio"), ("boost", "posix")),
    "src/adapters/fcm": ((*_MODEL, "src/chat/ports", "libs/base", "libs/http_client"), ("boost", "openssl")),
    "src/adapters/webpush": ((*_MODEL, "src/chat/ports", "libs/base", "libs/http_client"), ("boost", "openssl")),
    "src/wire": (("src/chat/services", *_MODEL, "libs/base"), ("boost", "json")),
    "src/gateway": (("src/wire", "src/chat/services", *_MODEL, *_PROTOCOL), ("boost", "json")),
    "src/api": (("src/wire", "src/chat/services", *_MODEL, *_PROTOCOL), ("boost", "json", "posix", "generated")),
    "src/app": (None, None),
    "bench": (_PROTOCOL, ("boost", "asio", "json", "posix", "socket", "benchmark", "cli")),
    "tests": (None, None),
}
# What a room's own tests may use on top: the memory adapter is the double, tests/ holds the shared suites.
# The codecs' tests and fuzzers get nothing: they must link the codec alone.
_TEST_ROOMS = ("src/adapters/memory", "src/adapters/crypto", "tests", *_CHAT)

_KINDS = (
    ("generated", r"openapi_document\.hpp$"),  # docs/openapi.json as the build embeds it
    ("beast-websocket", r"boost/beast(\.hpp|/websocket)"),  # 30 s and 1.2 GB for each file that includes it
    ("asio", r"boost/asio"),
    ("beast", r"boost/beast/"),
    ("json", r"(boost/json|nlohmann/|simdjson|rapidjson/)"),
    ("boost", r"boost/"),
    ("rocksdb", r"rocksdb/"),
    ("mongoc", r"(mongoc|bson)/"),
    ("openssl", r"openssl/"),
    ("curl", r"curl/"),
    ("sodium", r"sodium"),
    ("toml", r"toml\+\+/"),
    ("cli", r"CLI/"),
    ("test", r"(gtest|gmock)/"),
    ("benchmark", r"benchmark/"),
    ("socket", r"(sys/(socket|epoll|un|uio)\.h|netinet/|arpa/|netdb\.h|poll\.h|linux/(tcp|sock))"),
    ("std", r"(c(assert|ctype|errno|fenv|float|inttypes|limits|locale|math|setjmp|signal|stdarg|stddef|stdint|stdio|stdlib"
            r"|string|time|uchar|wchar|wctype)|[a-z_]+|(std(int|def|io|lib|arg)|string|time|errno|limits|signal)\.h)$"),
    ("posix", r"((sys|linux)/)?[a-z_]+\.h$"),
)
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
_OUR_JSON = re.compile(r"libs/base/json")  # the domain knows no JSON, not even ours
# A test's own files, and headers that exist for tests only; other code may not include the latter.
_TEST_FILE = re.compile(r"(_(test|fuzz|bench|fixture|testing)\.[ch]pp|/fake_\w+\.[ch]pp)$")


def room_of(path):
    """The room a file lies in: the longest known folder above it, or None."""
    owners = [room for room in ROOMS if path.startswith(room + "/")]
    return max(owners, key=len, default=None)


def kind_of(header):
    return next((kind for kind, pattern in _KINDS if re.match(pattern, header)), "unknown")


def include_target(file, header, tree_files):
    """The file that an include with quotes means, or None when there is no such file."""
    beside = file.rsplit("/", 1)[0] + "/" + header
    for candidate in (f"libs/{header}", f"src/{header}", header, beside):
        if candidate in tree_files:
            return candidate
    return None


def includes(text):
    """(quoted?, header, position) of every include."""
    return [(match[1] == '"', match[2], match.start(2)) for match in _INCLUDE.finditer(text)]


def check(tree):
    problems = []
    known = set(tree.files)
    for file in tree.cpp():
        room = room_of(file)
        if room is None:
            problems.append(f"{file}: lies in no room; name the room in tools/tidying/layers.py and ARCHITECTURE.md")
            continue
        rooms, kinds = ROOMS[room]
        if rooms is None:
            continue
        is_test = bool(_TEST_FILE.search(file))
        text = tree.text(file)
        for quoted, header, position in includes(text):
            where = f"{file}:{text.count(chr(10), 0, position) + 1}"
            problem = (_check_ours if quoted else _check_foreign)(file, header, room, rooms, kinds, is_test, known)
            if problem:
                problems.append(f"{where}: {problem}")
    return problems


def _check_ours(file, header, room, rooms, _kinds, is_test, known):
    target = include_target(file, header, known)
    if target is None:
        return f'"{header}" is no file of ours; libraries are included with <>'
    other = room_of(target)
    allowed = {room, *rooms}
    if is_test and room not in _CODECS:
        allowed.update(_TEST_ROOMS)
    if not is_test and _TEST_FILE.search(target) and room != "tests":
        return f"{header} is for tests only"
    if room in _CHAT and _OUR_JSON.match(target):
        return f"{room} may not know JSON ({header})"
    return None if other in allowed else f"{room} may not include {other} ({header})"


def _check_foreign(_file, header, room, _rooms, kinds, is_test, _known):
    kind = kind_of(header)
    if kind == "std" or kind in kinds:
        return None
    if is_test and (kind in ("test", "benchmark") or (kind == "posix" and room not in _CODECS)):
        return None
    return f"{room} may not include <{header}> ({kind})"
