"""Every check of tools/tidy can fail: each is shown a tree with the fault it is for, and the same tree without it."""

import tempfile
import unittest
from pathlib import Path

from tools.tidying import formatting, headers, layers, lengths, locks, portable, room_map, words
from tools.tidying.tree import Tree

ROOT = Path(__file__).resolve().parents[2]


class TreeCase(unittest.TestCase):
    def tree(self, files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in files.items():
            path = Path(folder.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Tree(folder.name)


class Layers(TreeCase):
    def problems(self, file, include, others=()):
        return layers.check(self.tree({file: f"#include {include}\n", **{other: "" for other in others}}))

    def test_a_room_may_include_what_is_below_it(self):
        self.assertEqual([], self.problems("libs/aio/a.cpp", '"base/b.hpp"', ["libs/base/b.hpp"]))
        self.assertEqual([], self.problems("src/adapters/rocksdb/a.cpp", "<rocksdb/db.h>"))
        self.assertEqual([], self.problems("src/app/main.cpp", '"gateway/b.hpp"', ["src/gateway/b.hpp"]))

    def test_a_room_may_not_include_what_is_above_it(self):
        problems = self.problems("libs/base/a.cpp", '"aio/b.hpp"', ["libs/aio/b.hpp"])
        self.assertEqual(["libs/base/a.cpp:1: libs/base may not include libs/aio (aio/b.hpp)"], problems)

    def test_gateway_and_adapters_do_not_know_each_other(self):
        self.assertEqual(1, len(self.problems("src/gateway/a.cpp", '"adapters/memory/b.hpp"', ["src/adapters/memory/b.hpp"])))
        self.assertEqual(1, len(self.problems("src/adapters/local/a.cpp", '"gateway/b.hpp"', ["src/gateway/b.hpp"])))
        self.assertEqual(1, len(self.problems("src/adapters/local/a.cpp", '"adapters/crypto/b.hpp"', ["src/adapters/crypto/b.hpp"])))

    def test_the_store_s_library_stays_in_its_adapter(self):
        self.assertEqual(1, len(self.problems("src/adapters/memory/a.cpp", "<rocksdb/db.h>")))
        self.assertEqual(1, len(self.problems("src/chat/services/a.cpp", "<rocksdb/db.h>")))

    def test_beast_is_for_http_in_engineio_only(self):
        self.assertEqual([], self.problems("libs/socketio/engineio/a.cpp", "<boost/beast/http.hpp>"))
        self.assertEqual(1, len(self.problems("libs/socketio/engineio/a.cpp", "<boost/beast/websocket.hpp>")))
        self.assertEqual(1, len(self.problems("libs/socketio/engineio/a.cpp", "<boost/beast.hpp>")))
        self.assertEqual(1, len(self.problems("src/api/a.cpp", "<boost/beast/http.hpp>")))

    def test_codecs_include_base_alone_also_in_their_tests(self):
        for suffix in ("", "_test", "_fuzz"):
            file = f"libs/socketio/engineio_codec/a{suffix}.cpp"
            self.assertEqual([], self.problems(file, '"base/b.hpp"', ["libs/base/b.hpp"]))
            self.assertEqual(1, len(self.problems(file, '"aio/b.hpp"', ["libs/aio/b.hpp"])))
            self.assertEqual(1, len(self.problems(file, "<boost/asio.hpp>")))

    def test_the_domain_knows_no_socket_and_no_json(self):
        self.assertEqual(1, len(self.problems("src/chat/rules/a.hpp", "<sys/socket.h>")))
        self.assertEqual(1, len(self.problems("src/chat/services/a.hpp", "<boost/json.hpp>")))
        self.assertEqual(1, len(self.problems("src/chat/services/a.hpp", '"base/json_writer.hpp"', ["libs/base/json_writer.hpp"])))

    def test_tests_may_use_the_memory_double_but_code_may_not(self):
        double = ["src/adapters/memory/b.hpp"]
        self.assertEqual([], self.problems("src/chat/services/a_test.cpp", '"adapters/memory/b.hpp"', double))
        self.assertEqual(1, len(self.problems("src/chat/services/a.cpp", '"adapters/memory/b.hpp"', double)))

    def test_headers_for_tests_are_not_for_code(self):
        double = ["libs/aio/fake_clock.hpp"]
        self.assertEqual([], self.problems("libs/aio/a_test.cpp", '"aio/fake_clock.hpp"', double))
        self.assertEqual(["libs/aio/a.cpp:1: aio/fake_clock.hpp is for tests only"],
                         self.problems("libs/aio/a.cpp", '"aio/fake_clock.hpp"', double))

    def test_unknown_libraries_and_rooms_are_refused(self):
        self.assertEqual(1, len(self.problems("libs/base/a.cpp", "<fancy/thing.hpp>")))
        self.assertEqual(1, len(self.problems("src/elsewhere/a.cpp", "<vector>")))
        self.assertEqual(1, len(self.problems("libs/base/a.cpp", '"nowhere.hpp"')))


class Lengths(TreeCase):
    def test_a_long_file_fails_unless_it_has_a_reason(self):
        text = "int a;\n" * (lengths.MAX_FILE_LINES + 1)
        self.assertEqual(1, len(lengths.check(self.tree({"src/a.cpp": text}))))
        self.assertEqual([], lengths.check(self.tree({"src/a.cpp": text, lengths.EXCEPTIONS: "src/a.cpp: one table\n"})))
        self.assertEqual(1, len(lengths.check(self.tree({"src/a.cpp": text, lengths.EXCEPTIONS: "src/a.cpp:\n"}))))

    def test_an_exception_for_a_file_that_is_gone_fails(self):
        self.assertEqual(1, len(lengths.check(self.tree({lengths.EXCEPTIONS: "src/gone.cpp: one table\n"}))))

    def test_a_long_function_fails_and_a_long_table_does_not(self):
        body = "  work();\n" * lengths.MAX_FUNCTION_LINES
        self.assertEqual(1, len(lengths.check(self.tree({"src/a.cpp": "void f(int a) {\n" + body + "}\n"}))))
        self.assertEqual([], lengths.check(self.tree({"src/a.cpp": "const Row kTable[] = {\n" + body.replace(";", ",") + "};\n"})))
        self.assertEqual([], lengths.check(self.tree({"src/a.cpp": "namespace n {\nstruct S {\n" + body + "};\n}\n"})))

    def test_functions_are_found_whatever_they_look_like(self):
        for head in ("A::A(int x) : a_{x}, b_(2) {", "auto f() -> int {", "bool S::operator==(const S& o) const noexcept {",
                     "template <class T> T f(T a) {", "TEST(Room, DoesAThing) {", "struct S {\nint f() const override {",
                     'int f(const char* s = "{") {  // {', "A::A(Options o)\n    : options_{std::move(o)} {"):
            text = head + "\n" + "  work([] { return '}'; });\n" * 70 + "}\n" + ("};\n" if head.startswith("struct") else "")
            longest = max(length for _, length, _ in lengths.functions(text))
            self.assertIn(longest, (71, 72), head)

    def test_braces_in_literals_comments_and_macros_do_not_count(self):
        text = 'void f() {\n  a("}");\n  b(R"x(}})x");\n  // }\n  /* } */\n  c(1\'000);\n}\n#define M {\nvoid g() {\n}\n'
        self.assertEqual([(1, 7), (9, 2)], [(first, length) for first, length, _ in lengths.functions(text)])


class Words(TreeCase):
    def test_notes_of_unfinished_work_fail(self):
        for word in ("TO" "DO", "FIX" "ME", "XX" "X"):
            self.assertEqual(1, len(words.check(self.tree({"src/a.cpp": f"// {word}: later\n"}))), word)
        self.assertEqual([], words.check(self.tree({"src/a.cpp": "// todos and methods\n"})))

    def test_paths_of_one_machine_fail(self):
        self.assertEqual(1, len(words.check(self.tree({"docs/a.md": "see /wo" "rk/notes\n"}))))
        self.assertEqual(1, len(words.check(self.tree({"run": "cd /ho" "me/anna/restante\n"}))))
        self.assertEqual([], words.check(self.tree({"docs/a.md": "http://localhost/wo" "rk/a and ./wo" "rk/b\n"})))


class Locks(TreeCase):
    def test_dependencies_without_a_lock_fail(self):
        package = '{"dependencies": {"a": "1"}}'
        self.assertEqual(1, len(locks.check(self.tree({"web/package.json": package}))))
        self.assertEqual([], locks.check(self.tree({"web/package.json": package, "web/package-lock.json": "{}"})))
        self.assertEqual([], locks.check(self.tree({"web/package.json": '{"type": "module"}'})))

    def test_a_lock_from_another_registry_fails(self):
        self.assertEqual(1, len(locks.check(self.tree({"web/package-lock.json": '{"resolved": "https://mirror.example/a.tgz"}'}))))


class Portable(TreeCase):
    USE = "std::uint8_t a;\n"

    def test_fixed_width_integers_need_their_header(self):
        self.assertEqual(1, len(portable.check(self.tree({"src/app/a.cpp": "#include <string>\n" + self.USE}))))
        self.assertEqual([], portable.check(self.tree({"src/app/a.cpp": "#include <cstdint>\n" + self.USE})))

    def test_a_header_of_ours_may_bring_them(self):
        below = {"libs/base/b.hpp": "#include <cstdint>\n", "src/app/a.cpp": '#include "base/b.hpp"\n' + self.USE}
        self.assertEqual([], portable.check(self.tree(below)))
        self.assertEqual(1, len(portable.check(self.tree({**below, "libs/base/b.hpp": '#include "base/b.hpp"\n'}))))


class RoomMap(TreeCase):
    ROW = "| `libs/base` | ids |\n"

    def test_a_room_without_a_row_and_a_row_without_a_room_fail(self):
        self.assertEqual([], room_map.check(self.tree({"libs/base/a.hpp": "", room_map.MAP: self.ROW})))
        self.assertEqual(1, len(room_map.check(self.tree({"libs/base/a.hpp": "", "libs/aio/a.hpp": "", room_map.MAP: self.ROW}))))
        self.assertEqual(1, len(room_map.check(self.tree({"libs/base/a.hpp": "", room_map.MAP: self.ROW + "| `src/gone` | x |\n"}))))
        self.assertEqual(1, len(room_map.check(self.tree({"libs/base/a.hpp": ""}))))


class Formatting(TreeCase):
    def test_unformatted_code_fails(self):
        style = (ROOT / ".clang-format").read_text(encoding="utf-8")
        self.assertEqual([], formatting.check(self.tree({".clang-format": style, "src/a.cpp": "int f() {\n  return 1;\n}\n"})))
        problems = formatting.check(self.tree({".clang-format": style, "src/a.cpp": "int  f( ){return 1;}\n"}))
        self.assertEqual(1, len(problems))
        self.assertIn("src/a.cpp:1", problems[0])


class Headers(TreeCase):
    def test_a_source_file_begins_with_its_own_header(self):
        header = {"libs/base/a.hpp": "#pragma once\n"}
        for text, problems in (('#include "base/a.hpp"\n', 0), ("#include <string>\n\n#include \"base/a.hpp\"\n", 1), ("int a;\n", 1)):
            self.assertEqual(problems, len(headers.habits(self.tree({**header, "libs/base/a.cpp": text}))), text)

    def test_a_header_without_a_guard_fails(self):
        self.assertEqual(1, len(headers.habits(self.tree({"libs/base/a.hpp": "int a();\n"}))))

    def test_a_header_that_does_not_compile_is_named_with_its_first_error(self):
        output = ("[1/2] Building\nFAILED: CMakeFiles/header_check.dir/header_check/libs/base/a.hpp.cpp.o \n/usr/bin/g++ …\n"
                  "/there/libs/base/a.hpp:3:1: error: 'string' does not name a type\nninja: build stopped\n")
        self.assertEqual(["libs/base/a.hpp does not compile alone: libs/base/a.hpp:3: 'string' does not name a type"],
                         headers.problems_in(output, "/there"))
