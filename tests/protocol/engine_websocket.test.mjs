// Engine.IO over WebSocket: sessions that start there, upgrades, heartbeats, malformed frames.

import assert from "node:assert/strict";
import { it } from "node:test";
import { Polling, Socket, exchange, separator, sleep, within } from "./support/raw.mjs";
import { EchoServer, quick } from "./support/server.mjs";
import { eachRow, withServer } from "./support/table.mjs";

const servers = ["engineio_echo", "socketio_echo"];
const upgrade = (session, options) =>
  new Socket(session.server.address({ EIO: "4", transport: "websocket", sid: session.sid }, "ws"), options);

for (const name of servers) {
  withServer(`${name}: websocket handshake`, name, quick, (server) => {
    it("comes as the first message and offers no upgrade", async () => {
      const socket = await Socket.open(server());
      const { sid, ...rest } = socket.handshake;
      assert.match(sid, /^[\w-]{20}$/);
      assert.deepEqual(rest, { upgrades: [], pingInterval: 300, pingTimeout: 200, maxPayload: 1000000 });
      socket.end();
    });

    const refused = [
      [{ transport: "websocket" }],
      [{ EIO: "3", transport: "websocket" }],
      [{ EIO: "4", transport: "smoke" }],
      [{ EIO: "4" }],
      [{ EIO: "4", transport: "websocket", sid: "abcdefghijklmnopqrst" }],
    ];
    eachRow(
      refused,
      ([query]) => `is refused before the switch for ${JSON.stringify(query)}`,
      async ([query]) => {
        const socket = new Socket(server().address(query, "ws"));
        await assert.rejects(socket.opened, /Unexpected server response: 400/);
      }
    );

    it("does not answer the compression that clients offer", async () => {
      const socket = await Socket.open(server(), { perMessageDeflate: true });
      assert.equal(socket.ws.extensions, "");
      socket.end();
    });
  });

  withServer(`${name}: heartbeat`, name, quick, (server) => {
    it("pings over WebSocket as long as it is answered", async () => {
      const socket = await Socket.open(server(), { pings: true });
      if (name === "socketio_echo") {
        socket.send("40");
        await socket.next();
        await socket.next();
      }
      for (let i = 0; i < 3; ++i) {
        assert.equal(await within(450, socket.next()), "2");
        socket.send("3");
      }
      socket.end();
    });

    it("closes a WebSocket that does not answer", async () => {
      const socket = await Socket.open(server(), { pings: true });
      assert.equal(await socket.next(), "2");
      assert.equal(await within(400, socket.closed), 1005);
    });

    it("closes a WebSocket that answers, but pings in the wrong direction", async () => {
      const socket = await Socket.open(server());
      socket.send("2");
      await within(200, socket.closed);
    });

    it("pings polls, and ends a session that does not answer", async () => {
      const session = await Polling.open(server());
      assert.deepEqual(await session.poll(), ["2"]);
      await sleep(300);
      assert.equal((await session.get()).status, 400);
    });

    it("tells a parked poll that its session has timed out", async () => {
      const session = await Polling.open(server());
      assert.deepEqual(await session.poll(), ["2"]);
      assert.deepEqual(await within(400, session.poll()), ["1"]);
    });
  });
}

withServer("engineio_echo: websocket", "engineio_echo", quick, (server) => {
  it("echoes text, also empty and beyond ASCII", async () => {
    const socket = await Socket.open(server());
    for (const message of ["4hello", "4", "4ü€😀", `4a${separator}b`]) {
      socket.send(message);
      assert.equal(await socket.next(), message);
    }
    socket.end();
  });

  it("echoes binary as it is, also empty", async () => {
    const socket = await Socket.open(server());
    for (const message of [Buffer.from([0, 4, 255]), Buffer.alloc(0), Buffer.alloc(70000, 7)]) {
      socket.send(message);
      assert.deepEqual(await socket.next(), message);
    }
    socket.end();
  });

  it("keeps the order of a long burst", async () => {
    const socket = await Socket.open(server());
    const burst = Array.from({ length: 1000 }, (_, i) => `4${i}`);
    burst.forEach((message) => socket.send(message));
    for (const message of burst) assert.equal(await socket.next(), message);
    socket.end();
  });

  it("puts fragments together", async () => {
    const socket = await Socket.open(server());
    socket.ws.send("4he", { fin: false });
    socket.ws.send("ll", { fin: false });
    socket.ws.send("o", { fin: true });
    assert.equal(await socket.next(), "4hello");
    socket.end();
  });

  it("answers pings of the WebSocket layer", async () => {
    const socket = await Socket.open(server());
    const pong = new Promise((resolve) => socket.ws.once("pong", resolve));
    socket.ws.ping("abc");
    assert.equal((await within(200, pong)).toString(), "abc");
    socket.end();
  });

  it("closes at once when the client says so", async () => {
    const socket = await Socket.open(server());
    socket.send("1");
    await within(100, socket.closed);
  });

  eachRow(
    ["", "abc", "7", "9x"],
    (text) => `closes for the message ${JSON.stringify(text)}`,
    async (text) => {
      const socket = await Socket.open(server());
      socket.send(text);
      await within(200, socket.closed);
    }
  );

  it("closes with 1009 above the announced size, and not at it", async () => {
    const socket = await Socket.open(server());
    const limit = socket.handshake.maxPayload;
    socket.send("4".padEnd(limit, "x"));
    assert.equal((await socket.next()).length, limit);
    socket.send("4".padEnd(limit + 1, "x"));
    assert.equal(await within(1000, socket.closed), 1009);
  });

  // Opcode and flags, then mask bit and length: what RFC 6455 forbids a client to send.
  const frames = [
    ["an unmasked frame", [0x81, 0x01, 0x34], 1002],
    ["a reserved bit", [0xc1, 0x81, 0, 0, 0, 0, 0x34], 1002],
    ["a reserved opcode", [0x83, 0x80, 0, 0, 0, 0], 1002],
    ["a continuation of nothing", [0x80, 0x81, 0, 0, 0, 0, 0x34], 1002],
    ["a fragmented ping", [0x09, 0x80, 0, 0, 0, 0], 1002],
    ["text that is not UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0x34, 0xff], 1007],
  ];
  eachRow(
    frames,
    ([what]) => `closes for ${what}`,
    async ([, bytes, code]) => {
      const socket = await Socket.open(server());
      socket.ws._socket.write(Buffer.from(bytes));
      assert.equal(await within(500, socket.closed), code);
    }
  );

  it("survives half a frame and then nothing", async () => {
    const key = Buffer.alloc(16).toString("base64");
    const head = [
      `GET ${server().path}?EIO=4&transport=websocket HTTP/1.1`,
      "Host: x",
      "Upgrade: websocket",
      "Connection: keep-alive, Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}`,
      "\r\n",
    ].join("\r\n");
    assert.match(await exchange(server().port, `${head}\x81`, 100), /^HTTP\/1\.1 101 /);
    const socket = await Socket.open(server());
    socket.end();
  });
});

withServer("engineio_echo: upgrade", "engineio_echo", quick, (server) => {
  it("moves a session in the agreed steps and loses nothing", async () => {
    const session = await Polling.open(server());
    const poll = session.poll();
    const socket = upgrade(session);
    await socket.opened;
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    assert.deepEqual(await within(200, poll), ["6"]);
    await session.post("4on polling");
    socket.send("5");
    assert.equal(await socket.next(), "4on polling");
    socket.send("4on websocket");
    assert.equal(await socket.next(), "4on websocket");
    socket.end();
  });

  it("answers every poll while the upgrade is pending", async () => {
    const calm = await EchoServer.start("engineio_echo", { ...quick, "ping-interval": 60_000 }); // a ping would be an answer, too
    try {
      const session = await Polling.open(calm);
      const socket = upgrade(session);
      await socket.opened;
      socket.send("2probe");
      await socket.next();
      for (let i = 0; i < 3; ++i) assert.deepEqual(await within(2000, session.poll()), ["6"]);
      socket.end();
    } finally {
      await calm.stop();
    }
  });

  it("refuses polling afterwards", async () => {
    const session = await Polling.open(server());
    const socket = upgrade(session);
    await socket.opened;
    socket.send("2probe");
    await socket.next();
    socket.send("5");
    const response = await session.get();
    assert.equal(response.status, 400);
    assert.equal(await response.text(), '{"code":3,"message":"Bad request"}');
    socket.send("4still there");
    assert.equal(await socket.next(), "4still there");
    socket.end();
  });

  it("closes a second WebSocket and keeps the first", async () => {
    const session = await Polling.open(server());
    const first = upgrade(session);
    await first.opened;
    first.send("2probe");
    await first.next();
    first.send("5");
    const second = upgrade(session);
    await within(300, second.closed); // refused, or accepted and closed
    first.send("4mine");
    assert.equal(await first.next(), "4mine");
    first.end();
  });

  eachRow(
    ["2", "2other", "4early", "x"],
    (first) => `gives up a candidate that begins with ${first}`,
    async (first) => {
      const session = await Polling.open(server());
      const socket = upgrade(session);
      await socket.opened;
      socket.send(first);
      await within(300, socket.closed);
      await session.post("4polling goes on");
      assert.deepEqual(await session.packets(1), ["4polling goes on"]);
    }
  );

  it("goes on polling when the candidate is lost, and upgrades later", async () => {
    const session = await Polling.open(server());
    const lost = upgrade(session);
    await lost.opened;
    lost.send("2probe");
    await lost.next();
    lost.end();
    await sleep(20);
    await session.post("4polling goes on");
    let packets;
    do packets = await session.packets(1);
    while (packets[0] === "6");
    assert.deepEqual(packets, ["4polling goes on"]);
    const socket = upgrade(session);
    await socket.opened;
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    socket.end();
  });

  it("keeps the heartbeat going across it", async () => {
    const session = await Polling.open(server());
    const socket = upgrade(session, { pings: true });
    await socket.opened;
    socket.send("2probe");
    await socket.next();
    socket.send("5");
    assert.equal(await within(450, socket.next()), "2");
    assert.equal(await within(400, socket.closed), 1005);
  });
});
