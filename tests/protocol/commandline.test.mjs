// What the echo servers take on their command line, and that both refuse the rest alike.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { binary } from "./support/server.mjs";
import { eachRow } from "./support/table.mjs";

for (const name of ["engineio_echo", "socketio_echo"]) {
  describe(`${name}: the command line`, () => {
    eachRow(
      [
        ["--ping-interval", "-5"],
        ["--ping-timeout", "-1"],
        ["--connect-timeout", "-1"],
        ["--max-payload", "-1"],
        ["--max-payload", "5000000000"],
        ["--ping-interval", "99999999999999999999"],
        ["--ping-interval", "1s"],
        ["--ping-interval", ""],
        ["--port", "65536"],
        ["port", "0"],
        ["--nothing", "1"],
        ["--port"],
      ],
      (words) => `refuses ${words.join(" ")}`,
      (words) => {
        const ended = spawnSync(binary(name), words, { encoding: "utf8", timeout: 5000 });
        assert.equal(ended.status, 2);
        assert.match(ended.stderr, /^[^\n]+\n$/);
        assert.equal(ended.stdout, "");
      }
    );
  });
}
