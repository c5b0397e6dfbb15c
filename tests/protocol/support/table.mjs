// One test per row, all against one server.

import { after, before, describe, it } from "node:test";
import { EchoServer } from "./server.mjs";

/** describe() with a running server; `body` gets a function that returns it. */
export function withServer(title, name, flags, body) {
  describe(title, () => {
    let server;
    before(async () => {
      server = await EchoServer.start(name, flags);
    });
    after(() => server.stop());
    body(() => server);
  });
}

export function eachRow(rows, title, check) {
  for (const row of rows) it(title(row), () => check(row));
}
