// Original clients, oldest to newest, on each way a connection can take: what a program sees, not what the wire shows.

import assert from "node:assert/strict";
import { it } from "node:test";
import { Socket as EngineSocket } from "engine.io-client";
import { once } from "node:events";
import { within } from "./support/raw.mjs";
import { quick } from "./support/server.mjs";
import { eachRow, withServer } from "./support/table.mjs";

const packages = [
  "client-3.0.0",
  "client-3.1.3",
  "client-4.0.0",
  "client-4.1.3",
  "client-4.4.1",
  "client-4.5.4",
  "client-4.7.5",
  "socket.io-client",
];
const ways = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};
const patience = 3000;
const flags = { ...quick, "ping-interval": 1000, "ping-timeout": 1000 };

async function connect(name, url, options) {
  const module = await import(name);
  const io = module.io ?? module.default.io ?? module.default;
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  socket.next = (event) =>
    within(patience, new Promise((resolve) => socket.once(event, (...values) => resolve(values))));
  socket.ask = (event, ...values) =>
    within(patience, new Promise((resolve) => socket.emit(event, ...values, (...answer) => resolve(answer))));
  return socket;
}

async function transportOf(socket, expected) {
  const engine = socket.io.engine;
  if (engine.transport.name !== expected) await within(patience, once(engine, "upgrade"));
  assert.equal(engine.transport.name, expected);
}

for (const name of packages) {
  withServer(name, "socketio_echo", flags, (server) => {
    eachRow(
      Object.keys(ways),
      (way) => `events, acks and binary: ${way}`,
      async (way) => {
        const socket = await connect(name, server().url, { transports: ways[way], auth: { token: "t" } });
        assert.deepEqual(await socket.next("auth"), [{ token: "t" }]);
        assert.match(socket.id, /^[\w-]{20}$/);
        if (way === "upgrade") await transportOf(socket, "websocket");

        const back = socket.next("message-back");
        socket.emit("message", 1, "zwei", { three: [null, true] });
        assert.deepEqual(await back, [1, "zwei", { three: [null, true] }]);
        assert.deepEqual(await socket.ask("message-with-ack", "a", 2), ["a", 2]);

        const sent = Buffer.from([0, 4, 30, 255]);
        const [first, { second }] = await socket.ask("message-with-ack", sent, { second: Buffer.alloc(70000, 5) });
        assert.deepEqual(Buffer.from(first), sent);
        assert.deepEqual(Buffer.from(second), Buffer.alloc(70000, 5));
        socket.disconnect();
      }
    );

    eachRow(
      Object.keys(ways),
      (way) => `an ordered burst that begins before the connection does: ${way}`,
      async (way) => {
        const socket = await connect(name, server().url, { transports: ways[way] });
        const received = [];
        const all = new Promise((resolve) => {
          socket.on("message-back", (value) => received.push(value) === 300 && resolve());
        });
        for (let i = 0; i < 300; ++i) {
          socket.emit("message", i);
          if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await within(patience, all);
        assert.deepEqual(
          received,
          Array.from({ length: 300 }, (_, i) => i)
        );
        socket.disconnect();
      }
    );

    eachRow(
      Object.keys(ways),
      (way) => `namespaces on one connection: ${way}`,
      async (way) => {
        const main = await connect(name, server().url, { transports: ways[way] });
        await main.next("connect");
        const custom = main.io.socket("/custom");
        await within(patience, new Promise((resolve) => custom.once("connect", resolve)));
        assert.notEqual(custom.id, main.id);
        const unknown = main.io.socket("/unknown");
        const error = await within(patience, new Promise((resolve) => unknown.once("connect_error", resolve)));
        assert.equal(error.message, "Invalid namespace");
        custom.disconnect();
        assert.deepEqual(await main.ask("message-with-ack", "main goes on"), ["main goes on"]);
        main.disconnect();
      }
    );

    it("lives through several heartbeats", async () => {
      const socket = await connect(name, server().url, { transports: ["websocket"] });
      await socket.next("connect");
      await new Promise((resolve) => setTimeout(resolve, 2500));
      assert.equal(socket.connected, true);
      socket.disconnect();
    });
  });
}

withServer("engine.io-client", "engineio_echo", flags, (server) => {
  eachRow(
    Object.keys(ways),
    (way) => `text and binary: ${way}`,
    async (way) => {
      const socket = new EngineSocket(server().url, { path: "/engine.io/", transports: ways[way] });
      socket.binaryType = "nodebuffer";
      await within(patience, new Promise((resolve) => socket.once("open", resolve)));
      if (way === "upgrade") await within(patience, new Promise((resolve) => socket.once("upgrade", resolve)));
      const messages = ["hello", "ü€😀", Buffer.from([0, 1, 255]), "x".repeat(200000)];
      const received = [];
      const all = new Promise((resolve) => {
        socket.on("message", (message) => received.push(message) === messages.length && resolve());
      });
      messages.forEach((message) => socket.send(message));
      await within(patience, all);
      assert.deepEqual(received, messages);
      socket.close();
    }
  );
});

withServer("a server that ends", "socketio_echo", flags, (server) => {
  it("ends the transport without a DISCONNECT, so that clients come back by themselves", async () => {
    const sockets = await Promise.all(
      Object.values(ways).map((transports) => connect("socket.io-client", server().url, { transports }))
    );
    await Promise.all(sockets.map((socket) => socket.next("connect")));
    const reasons = Promise.all(sockets.map((socket) => socket.next("disconnect")));
    assert.equal(await server().stop(), 0);
    // A client between two polls meets a closed port instead of the farewell: an error, after which it returns too.
    for (const [reason] of await reasons) assert.match(reason, /^transport (close|error)$/);
  });
});
