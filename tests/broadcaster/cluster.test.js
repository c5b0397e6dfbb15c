// Our server and a Node.js server with @socket.io/redis-adapter are one cluster; @socket.io/redis-emitter reaches both.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Emitter } from "@socket.io/redis-emitter";
import { connect, eventually, NodeServer, OurServer, RedisServer, together } from "./world.js";

const heard = (client, name) => client.heard.filter(([event]) => event === name).map(([, ...values]) => values);
const hears = (client, name, count = 1) =>
  eventually(`${name} × ${count}`, () => (heard(client, name).length >= count ? heard(client, name) : null));
const join = (client, room) => client.emitWithAck("join", room);

describe("a cluster of our server and a Node.js server", () => {
  let redis, ours, node, publisher, emitter, here, alsoHere, there;
  const all = () => [here, alsoHere, there];

  before(async () => {
    redis = await RedisServer.start();
    ours = await OurServer.start(redis);
    node = await NodeServer.start(redis);
    await together(redis);
    publisher = redis.client();
    emitter = new Emitter(publisher);
  });
  after(async () => {
    publisher?.disconnect();
    await node?.stop();
    const status = await ours?.stop();
    await redis?.stop();
    assert.equal(status, 0);
  });
  beforeEach(async () => {
    [here, alsoHere, there] = await Promise.all([connect(ours), connect(ours), connect(node)]);
  });
  const leave = () => all().forEach((client) => client.disconnect());

  /** A round of broadcasts through everybody: what was to come earlier has come. */
  const settle = async () => {
    emitter.emit("settled");
    await Promise.all(all().map((client) => hears(client, "settled")));
  };

  test("the emitter reaches everybody, with values of all kinds", async () => {
    const values = ["text é\u0000", -1, 4294967296, 1.5, true, null, { a: [{ b: {} }] }, [], "x".repeat(70_000)];
    emitter.emit("news", ...values);
    for (const client of all()) assert.deepEqual(await hears(client, "news"), [values]);
    leave();
  });

  test("the emitter reaches rooms, and nobody twice, and nobody excluded", async () => {
    await join(here, "a");
    await join(here, "b");
    await join(alsoHere, "b");
    await join(there, "b");
    emitter.to("a").emit("one", 1);
    emitter.to(["a", "b"]).emit("both", 2);
    emitter.to("b").except("a").emit("rest", 3);
    emitter.except(here.id).emit("others", 4);
    emitter.to(alsoHere.id).emit("private", 5);
    await settle();
    const of = (name) => all().map((client) => heard(client, name).length);
    assert.deepEqual(of("one"), [1, 0, 0]);
    assert.deepEqual(of("both"), [1, 1, 1]);
    assert.deepEqual(of("rest"), [0, 1, 1]);
    assert.deepEqual(of("others"), [0, 1, 1]);
    assert.deepEqual(of("private"), [0, 1, 0]);
    leave();
  });

  test("binary values cross in both directions", async () => {
    emitter.emit("bytes", Buffer.from([1, 2, 3]), { deep: [Buffer.from("four")] });
    for (const client of all()) {
      const [[first, second]] = await hears(client, "bytes");
      assert.deepEqual(Buffer.from(first), Buffer.from([1, 2, 3]));
      assert.deepEqual(Buffer.from(second.deep[0]), Buffer.from("four"));
    }
    await join(there, "binary");
    here.emit("say", "binary", { payload: Buffer.from([0, 255]) });
    const [[value]] = await hears(there, "said");
    assert.deepEqual(Buffer.from(value.payload), Buffer.from([0, 255]));
    leave();
  });

  test("each server's broadcasts reach the clients of the other, and their own once", async () => {
    node.io.emit("from-node", { n: 1 });
    for (const client of all()) assert.deepEqual(await hears(client, "from-node"), [[{ n: 1 }]]);
    here.emit("shout", { n: 2 });
    for (const client of all()) assert.deepEqual(await hears(client, "said"), [[{ n: 2 }]]);
    await join(alsoHere, "r");
    await join(there, "r");
    node.io.to("r").emit("room", 1);
    here.emit("say", "r", "hello");
    await settle();
    assert.deepEqual(all().map((client) => heard(client, "room").length), [0, 1, 1]);
    assert.deepEqual(all().map((client) => heard(client, "said").length), [1, 2, 2]);
    leave();
  });

  test("namespaces do not mix", async () => {
    const side = await connect(ours, "/side");
    const nodeSide = await connect(node, "/side");
    emitter.of("/side").emit("aside", 1);
    await hears(side, "aside");
    await hears(nodeSide, "aside");
    side.emit("shout", "only here");
    assert.deepEqual(await hears(nodeSide, "said"), [["only here"]]);
    await settle();
    for (const client of all()) assert.deepEqual([...heard(client, "aside"), ...heard(client, "said")], []);
    side.disconnect();
    nodeSide.disconnect();
    leave();
  });

  test("fetchSockets and allRooms see the whole cluster from both sides", async () => {
    await join(here, "x");
    await join(there, "y");
    const found = await node.io.fetchSockets();
    assert.deepEqual(found.map((socket) => socket.id).sort(), all().map((client) => client.id).sort());
    const ofHere = found.find((socket) => socket.id === here.id);
    assert.deepEqual([...ofHere.rooms].sort(), [here.id, "x"].sort());
    assert.equal(ofHere.handshake.query.EIO, "4");
    assert.equal(typeof ofHere.handshake.issued, "number");
    assert.deepEqual((await node.io.in("x").fetchSockets()).map((socket) => socket.id), [here.id]);

    const seen = await here.emitWithAck("who");
    assert.deepEqual(seen.map((socket) => socket.id).sort(), all().map((client) => client.id).sort());
    assert.deepEqual([...seen.find((socket) => socket.id === there.id).rooms].sort(), [there.id, "y"].sort());

    const rooms = ["x", "y", ...all().map((client) => client.id)].sort();
    assert.deepEqual((await here.emitWithAck("rooms")).sort(), rooms);
    assert.deepEqual([...(await node.io.of("/").adapter.allRooms())].sort(), rooms);
    leave();
  });

  test("sockets are moved between rooms and disconnected from either side", async () => {
    await join(here, "from");
    await join(there, "from");
    node.io.in("from").socketsJoin("second");
    alsoHere.emit("move", "from", "third");
    emitter.in("from").socketsJoin("fourth");
    const roomsOf = async (client) => (await node.io.in(client.id).fetchSockets())[0]?.rooms ?? new Set();
    for (const client of [here, there]) {
      await eventually("all three joined", async () => {
        const rooms = await roomsOf(client);
        return ["second", "third", "fourth"].every((room) => rooms.has(room));
      });
    }
    node.io.in("second").socketsLeave("third");
    alsoHere.emit("unmove", "from", "fourth");
    for (const client of [here, there]) {
      await eventually("left again", async () => {
        const rooms = await roomsOf(client);
        return rooms.has("second") && !rooms.has("third") && !rooms.has("fourth");
      });
    }
    alsoHere.emit("kick", there.id);
    await eventually("the Node.js server's client is disconnected", () => !there.connected);
    node.io.in("from").disconnectSockets();
    await eventually("our client is disconnected", () => !here.connected);
    assert.ok(alsoHere.connected);
    leave();
  });

  test("more requests at once than are served at once are all served", async () => {
    const many = 300; // max_under_way is 64
    for (let i = 0; i < many; i++) emitter.in(here.id).socketsJoin("crowd");
    const answers = await Promise.all(Array.from({ length: many }, () => node.io.in("crowd").fetchSockets()));
    for (const found of answers) assert.deepEqual(found.map((socket) => socket.id), [here.id]);
    const rooms = await Promise.all(Array.from({ length: many }, () => node.io.of("/").adapter.allRooms()));
    for (const names of rooms) assert.ok(names.has("crowd"));
    leave();
  });

  test("servers talk to each other, with answers", async () => {
    node.io.serverSideEmit("hello", { n: 1 });
    assert.deepEqual(await hears(here, "server-event"), [["hello", { n: 1 }]]);
    const answers = await node.io.serverSideEmitWithAck("question", 2);
    assert.deepEqual(answers, [{ from: "cluster_chat" }]);

    const told = new Promise((resolve) => node.io.once("told", resolve));
    here.emit("tell-servers", "told", { n: 3 });
    assert.deepEqual(await told, { n: 3 });
    node.io.once("asked", (value, done) => done({ twice: value * 2 }));
    assert.deepEqual(await here.emitWithAck("ask-servers", "asked", 21), [{ twice: 42 }]);
    emitter.serverSideEmit("by-the-emitter", 5);
    assert.deepEqual((await hears(here, "server-event", 3))[2], ["by-the-emitter", 5]);
    leave();
  });

  test("broadcasts with acks gather answers of the whole cluster", async () => {
    const answering = (name) => (...args) => args.at(-1)(name);
    here.on("question", answering("here"));
    alsoHere.on("question", answering("alsoHere"));
    there.on("question", answering("there"));
    assert.deepEqual((await node.io.timeout(10_000).emitWithAck("question", 1)).sort(), ["alsoHere", "here", "there"]);
    const gathered = await new Promise((resolve) => here.emit("ask", 1, (...values) => resolve(values)));
    assert.deepEqual([gathered[0].sort(), gathered[1]], [["alsoHere", "there"], 2]);
    // A room that exists on one side only.
    await join(there, "alone");
    assert.deepEqual(await node.io.to("alone").timeout(10_000).emitWithAck("question", 1), ["there"]);
    leave();
  });

  test("rubbish on the channels is ignored and counted", async () => {
    const before = (await here.emitWithAck("counters")).ignored;
    const rubbish = [
      "", "{", "{}", "null", '{"type":99}', '{"type":5}', '{"type":2,"opts":7,"rooms":["a"]}', '{"type":4}', '{"type":6,"data":"x"}',
      '{"type":7,"requestId":"1","opts":{},"packet":{}}', "[".repeat(500), Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0x93, 1, 2, 3]), Buffer.from([0xc1]), Buffer.alloc(1000, 0x91), Buffer.alloc(100_000, 0xff),
    ];
    const channels = ["socket.io#/#", "socket.io#/#room#", "socket.io-request#/#"];
    // The Node.js server would not survive this on its channels: ours is asked alone.
    const lonely = await RedisServer.start();
    const alone = await OurServer.start(lonely);
    const client = await connect(alone);
    const raw = lonely.client();
    await together(lonely, 1);
    for (const channel of channels) for (const bytes of rubbish) await raw.publish(channel, bytes);
    for (const bytes of ["{", "[]", Buffer.from([0xc1])]) await raw.publish("socket.io-response#/#", bytes);
    await eventually("all of it is counted", async () => {
      return (await client.emitWithAck("counters")).ignored === channels.length * rubbish.length + 3;
    });
    new Emitter(raw).emit("still-here", 1);
    assert.deepEqual(await hears(client, "still-here"), [[1]]);
    client.disconnect();
    raw.disconnect();
    assert.equal(await alone.stop(), 0);
    await lonely.stop();
    assert.equal((await here.emitWithAck("counters")).ignored, before);
    leave();
  });
});

test("a Redis that dies and comes back is used again; meanwhile each server serves its own", async () => {
  const redis = await RedisServer.start();
  const ours = await OurServer.start(redis);
  const node = await NodeServer.start(redis);
  const [here, alsoHere, there] = await Promise.all([connect(ours), connect(ours), connect(node)]);
  try {
    await together(redis);
    here.emit("shout", "before");
    assert.deepEqual(await hears(there, "said"), [["before"]]);
    await redis.kill();
    here.emit("shout", "alone");
    assert.deepEqual((await hears(alsoHere, "said", 2))[1], ["alone"]);
    await eventually("only our own sockets are seen", async () => (await here.emitWithAck("who")).length === 2);
    await redis.run();
    await together(redis);
    await eventually("both servers hear each other again", async () => {
      here.emit("shout", "after");
      return heard(there, "said").some(([value]) => value === "after");
    });
    node.io.emit("from-node", 1);
    assert.deepEqual(await hears(here, "from-node"), [[1]]);
    assert.equal((await here.emitWithAck("who")).length, 3);
  } finally {
    for (const client of [here, alsoHere, there]) client.disconnect();
    await node.stop();
    const status = await ours.stop();
    await redis.stop();
    assert.equal(status, 0);
  }
});

test("our server starts without Redis and joins the cluster when it comes", async () => {
  const redis = await RedisServer.start();
  await redis.kill();
  const ours = await OurServer.start(redis);
  const client = await connect(ours);
  try {
    assert.equal((await client.emitWithAck("who")).length, 1);
    await redis.run();
    await together(redis, 1);
    const publisher = redis.client();
    new Emitter(publisher).emit("welcome", 1);
    assert.deepEqual(await hears(client, "welcome"), [[1]]);
    publisher.disconnect();
  } finally {
    client.disconnect();
    assert.equal(await ours.stop(), 0);
    await redis.stop();
  }
});

test("TLS, a user with a password, and a server that cannot prove who it is", async () => {
  const redis = await RedisServer.start();
  await redis.secure();
  const ours = await OurServer.start(redis, redis.secureUrl, ["--redis-ca", redis.ca]);
  const doubting = await OurServer.start(redis, redis.secureUrl); // the system's authorities do not know the certificate
  const intruder = await OurServer.start(redis, redis.secureUrl.replace("s3cret", "wrong"), ["--redis-ca", redis.ca]);
  const clients = await Promise.all([connect(ours), connect(doubting), connect(intruder)]);
  const publisher = redis.client();
  try {
    await together(redis, 1);
    new Emitter(publisher).emit("welcome", 1);
    assert.deepEqual(await hears(clients[0], "welcome"), [[1]]);
    for (const client of clients.slice(1)) assert.equal((await client.emitWithAck("counters")).received, 0);
  } finally {
    publisher.disconnect();
    for (const client of clients) client.disconnect();
    for (const server of [ours, doubting, intruder]) assert.equal(await server.stop(), 0);
    await redis.stop();
  }
});
