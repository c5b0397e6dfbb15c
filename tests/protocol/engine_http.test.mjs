// Engine.IO over HTTP: handshake, refusals byte for byte, long-polling.

import assert from "node:assert/strict";
import { it } from "node:test";
import { Polling, exchange, separator, sleep, within } from "./support/raw.mjs";
import { quick } from "./support/server.mjs";
import { eachRow, withServer } from "./support/table.mjs";

const servers = ["engineio_echo", "socketio_echo"];
const page = { headers: { origin: "http://page.example" } };
const hello = Buffer.from([1, 2, 3, 4]);

for (const name of servers) {
  withServer(`${name}: --origin *`, name, { ...quick, origin: "*" }, (server) => {
    it("lets pages of every origin in, and says so", async () => {
      const response = await fetch(server().address({ EIO: "4", transport: "polling" }), page);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
    });
  });

  withServer(`${name}: --origin`, name, { ...quick, origin: "http://mine.example" }, (server) => {
    it("lets no pages of other origins in", async () => {
      const response = await fetch(server().address({ EIO: "4", transport: "polling" }), page);
      assert.equal(response.status, 403);
    });
  });

  withServer(`${name}: handshake`, name, quick, (server) => {
    it("is answered with exactly five keys, in their order", async () => {
      const session = await Polling.open(server());
      assert.deepEqual(Object.keys(session.handshake), [
        "sid",
        "upgrades",
        "pingInterval",
        "pingTimeout",
        "maxPayload",
      ]);
      const { sid, ...rest } = session.handshake;
      assert.match(sid, /^[\w-]{20}$/);
      assert.deepEqual(rest, { upgrades: ["websocket"], pingInterval: 300, pingTimeout: 200, maxPayload: 1000000 });
    });

    it("never gives an id twice", async () => {
      const sessions = await Promise.all(Array.from({ length: 50 }, () => Polling.open(server())));
      assert.equal(new Set(sessions.map((session) => session.sid)).size, 50);
    });

    it("is plain text that nobody may store", async () => {
      const response = await fetch(server().address({ EIO: "4", transport: "polling" }));
      assert.equal(response.headers.get("content-type"), "text/plain; charset=UTF-8");
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.equal(response.headers.get("access-control-allow-origin"), null);
    });

    const refusals = [
      ["no transport", { EIO: "4" }, 0, "Transport unknown"],
      ["an unknown transport", { EIO: "4", transport: "smoke" }, 0, "Transport unknown"],
      ["a name of JavaScript's", { EIO: "4", transport: "constructor" }, 0, "Transport unknown"],
      ["webtransport", { EIO: "4", transport: "webtransport" }, 0, "Transport unknown"],
      ["an unknown sid", { EIO: "4", transport: "polling", sid: "abcdefghijklmnopqrst" }, 1, "Session ID unknown"],
      ["a sid named __proto__", { EIO: "4", transport: "polling", sid: "__proto__" }, 1, "Session ID unknown"],
      ["websocket without an upgrade", { EIO: "4", transport: "websocket" }, 3, "Bad request"],
      ["no revision", { transport: "polling" }, 5, "Unsupported protocol version"],
      ["revision 3", { EIO: "3", transport: "polling" }, 5, "Unsupported protocol version"],
      ["revision 04", { EIO: "04", transport: "polling" }, 5, "Unsupported protocol version"],
    ];
    eachRow(
      refusals,
      ([what]) => `is refused for ${what}`,
      async ([, query, code, message]) => {
        const response = await fetch(server().address(query));
        assert.equal(response.status, 400);
        assert.equal(response.headers.get("content-type"), "application/json");
        assert.equal(await response.text(), JSON.stringify({ code, message }));
      }
    );

    eachRow(
      ["POST", "PUT", "DELETE"],
      (method) => `is refused for ${method}`,
      async (method) => {
        const response = await fetch(server().address({ EIO: "4", transport: "polling" }), { method });
        assert.equal(response.status, 400);
        assert.equal(await response.text(), '{"code":2,"message":"Bad handshake method"}');
      }
    );

    it("belongs to its path only", async () => {
      for (const path of ["/", "/other/", server().path.slice(0, -1), server().path.toUpperCase()]) {
        const response = await fetch(`${server().url}${path}?EIO=4&transport=polling`);
        assert.equal(response.status, 404, path);
      }
    });

    it("takes the last of two equal parameters", async () => {
      const address = server().address({ EIO: "4", transport: "polling" });
      assert.equal((await fetch(`${address}&transport=smoke`)).status, 400);
      assert.equal((await fetch(`${address}&EIO=4`)).status, 200);
    });
  });
}

withServer("engineio_echo: polling", "engineio_echo", quick, (server) => {
  it("echoes one message", async () => {
    const session = await Polling.open(server());
    const posted = await session.post("4hello");
    assert.equal(posted.status, 200);
    assert.equal(await posted.text(), "ok");
    assert.equal(posted.headers.get("content-type"), "text/html");
    assert.deepEqual(await session.packets(1), ["4hello"]);
  });

  it("echoes several packets of one body in their order", async () => {
    const session = await Polling.open(server());
    await session.post(["4a", "4ü€😀", "4"].join(separator));
    assert.deepEqual(await session.packets(3), ["4a", "4ü€😀", "4"]);
  });

  it("carries binary as base64", async () => {
    const session = await Polling.open(server());
    await session.post(`b${hello.toString("base64")}`);
    assert.deepEqual(await session.packets(1), [`b${hello.toString("base64")}`]);
  });

  it("wakes a parked poll", async () => {
    const session = await Polling.open(server());
    const poll = session.poll();
    await session.post("4wake");
    assert.deepEqual(await within(200, poll), ["4wake"]);
  });

  it("gives a burst in polls of at most sixteen packets", async () => {
    const session = await Polling.open(server());
    const burst = Array.from({ length: 50 }, (_, i) => `4${i}`);
    await session.post(burst.join(separator));
    const received = [];
    while (received.length < burst.length) {
      const packets = await session.poll();
      assert.ok(packets.length <= 16);
      received.push(...packets.filter((packet) => packet !== "2"));
    }
    assert.deepEqual(received, burst);
  });

  it("ends a session whose polls overlap", async () => {
    const session = await Polling.open(server());
    const first = session.get();
    await sleep(20);
    const second = await session.get();
    assert.equal(second.status, 400);
    assert.equal(await (await first).text(), "1");
    assert.equal((await session.get()).status, 400);
  });

  it("ends a session whose parked poll is aborted", async () => {
    const session = await Polling.open(server());
    const abort = new AbortController();
    const poll = session.get({ signal: abort.signal });
    await sleep(20);
    abort.abort();
    await assert.rejects(poll);
    await sleep(20);
    assert.equal((await session.get()).status, 400);
  });

  it("ends a session that the client closes", async () => {
    const session = await Polling.open(server());
    const poll = session.get();
    await sleep(20);
    assert.equal(await (await session.post("1")).text(), "ok");
    assert.equal(await (await poll).text(), "6");
    const after = await session.get();
    assert.equal(after.status, 400);
    assert.equal(await after.text(), '{"code":1,"message":"Session ID unknown"}');
  });

  const malformed = ["", separator, `4a${separator}`, `4a${separator}${separator}4b`, "abc", "7", "2", "9hello"];
  eachRow(
    malformed,
    (body) => `ends a session for the body ${JSON.stringify(body)}`,
    async (body) => {
      const session = await Polling.open(server());
      await session.post(body).catch(() => {});
      await sleep(10);
      assert.equal((await session.get()).status, 400);
    }
  );

  it("answers a parked poll when an undecodable packet ends the session", async () => {
    const session = await Polling.open(server());
    const poll = session.get();
    await sleep(20);
    await session.post(`4before${separator}x`).catch(() => {});
    const answer = await within(200, poll);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^(4before|1)/);
    assert.equal((await session.get()).status, 400);
  });

  it("ignores packets that mean nothing here", async () => {
    const session = await Polling.open(server());
    await session.post(["0", "3", "5", "6", "4still here"].join(separator));
    assert.deepEqual(await session.packets(1), ["4still here"]);
  });

  it("refuses octet streams and ends their session", async () => {
    const session = await Polling.open(server());
    const response = await session.post("4a", { headers: { "content-type": "application/octet-stream" } });
    assert.equal(response.status, 400);
    assert.equal(await response.text(), "");
    assert.equal((await session.get()).status, 400);
  });

  it("accepts a body as long as announced, and not a byte more", async () => {
    const session = await Polling.open(server());
    const limit = session.handshake.maxPayload;
    assert.equal((await session.post("4".padEnd(limit, "x"))).status, 200);
    const refused = await session.post("4".padEnd(limit + 1, "x"));
    assert.equal(refused.status, 413);
    assert.equal(await refused.text(), "");
  });

  it("answers pipelined requests in order and takes chunked bodies", async () => {
    const session = await Polling.open(server());
    const target = new URL(session.address);
    const post = `POST ${target.pathname}${target.search} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const poll = `GET ${target.pathname}${target.search} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await exchange(server().port, `${post}3\r\n4hi\r\n0\r\n\r\n${poll}`);
    assert.match(answer, /^HTTP\/1\.1 200 .*\r\n\r\nokHTTP\/1\.1 200 .*\r\n\r\n4hi/s);
  });
});

for (const name of servers) {
  withServer(`${name}: end of the process`, name, quick, (server) => {
    it("drains on SIGTERM: a parked poll is answered and the exit status is 0", async () => {
      const session = await Polling.open(server());
      const poll = session.get();
      await sleep(20);
      const status = await within(5000, server().stop());
      assert.equal(status, 0);
      assert.equal(await (await poll).text(), "1");
    });
  });
}
