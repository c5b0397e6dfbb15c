// Our server and a Node.js server with createShardedAdapter of @socket.io/redis-adapter are one cluster, in each of its modes.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { connect, eventually, listening, NodeServer, OurServer, RedisServer, shardedTogether } from "./world.js";

const heard = (client, name) => client.heard.filter(([event]) => event === name).map(([, ...values]) => values);
const hears = (client, name, count = 1) =>
  eventually(`${name} × ${count}`, () => (heard(client, name).length >= count ? heard(client, name) : null));
const join = (client, room) => client.emitWithAck("join", room);
/** The reference's adapter keeps its timer, and with it this process, for that long whatever comes. */
const answersWithin = 5_000 * Number(process.env.RESTANTE_SLOW ?? 1);
const roomChannel = (room) => `socket.io#/#${room}#`;

/** How many of the servers listen to the channel of a room that `having` servers have. */
const listeners = { static: () => 0, dynamic: (having) => having, "dynamic-private": (having) => having };

for (const mode of ["static", "dynamic", "dynamic-private"]) {
  describe(`a cluster of our server and a Node.js server, sharded, ${mode}`, () => {
    let redis, ours, node, here, alsoHere, there;
    const all = () => [here, alsoHere, there];

    before(async () => {
      redis = await RedisServer.start();
      ours = await OurServer.start(redis, redis.url, ["--protocol", mode]);
      node = await NodeServer.start(redis, mode);
      await shardedTogether(redis);
    });
    after(async () => {
      await node?.stop();
      const status = await ours?.stop();
      await redis?.stop();
      assert.equal(status, 0);
    });
    beforeEach(async () => {
      [here, alsoHere, there] = await Promise.all([connect(ours), connect(ours), connect(node)]);
    });
    const leave = () => all().forEach((client) => client.disconnect());

    /** Joined, and heard of by Redis; `having` servers have the room then. */
    const joined = async (room, clients, having) => {
      await Promise.all(clients.map((client) => join(client, room)));
      await listening(redis, roomChannel(room), listeners[mode](having));
    };
    let rounds = 0;
    /** A round of broadcasts of both servers: what was to come earlier has come. */
    const settle = async () => {
      const round = ++rounds;
      node.io.emit("settled", round, "node");
      here.emit("tell-servers", "settle", round);
      node.io.once("settle", (number) => node.io.emit("settled", number, "ours"));
      for (const client of all()) {
        await eventually("both have settled", () => heard(client, "settled").filter(([number]) => number === round).length === 2);
      }
      here.emit("shout", { round });
      for (const client of all()) await eventually("the last of it", () => heard(client, "said").some(([value]) => value?.round === round));
    };

    test("each server's broadcasts reach the clients of the other, and their own once", async () => {
      const values = ["text é\u0000", -1, 4294967296, 1.5, true, null, { a: [{ b: {} }] }, [], "x".repeat(70_000)];
      node.io.emit("from-node", ...values);
      for (const client of all()) assert.deepEqual(await hears(client, "from-node"), [values]);
      here.emit("shout", { n: 2 });
      for (const client of all()) assert.deepEqual(await hears(client, "said"), [[{ n: 2 }]]);
      leave();
    });

    test("rooms, exclusions and single sockets", async () => {
      await joined("r", [alsoHere, there], 2);
      await joined("only here", [here], 1);
      const twenty = "a room of 20 letters";
      assert.equal(twenty.length, 20);
      await joined(twenty, [here, there], 2);
      if (mode === "dynamic-private") for (const client of all()) await listening(redis, roomChannel(client.id), 1);
      node.io.to("r").emit("one", 1);
      node.io.to(["r", "only here"]).emit("both", 1);
      node.io.except("r").emit("rest", 1);
      node.io.to("only here").emit("abroad", 1);
      node.io.to(alsoHere.id).emit("private", 1);
      node.io.to(twenty).emit("long", 1);
      here.emit("say", "r", "to the room");
      here.emit("say", there.id, "to you");
      here.emit("say", twenty, "to the long room");
      await settle();
      const of = (name) => all().map((client) => heard(client, name).length);
      assert.deepEqual(of("one"), [0, 1, 1]);
      assert.deepEqual(of("both"), [1, 1, 1]);
      assert.deepEqual(of("rest"), [1, 0, 0]);
      assert.deepEqual(of("abroad"), [1, 0, 0]);
      assert.deepEqual(of("private"), [0, 1, 0]);
      assert.deepEqual(of("long"), [1, 0, 1]);
      const said = (client) => heard(client, "said").map(([value]) => value).filter((value) => typeof value === "string");
      assert.deepEqual(said(alsoHere), ["to the room"]);
      assert.deepEqual(said(there).sort(), ["to the long room", "to the room", "to you"]);
      leave();
      for (const room of ["r", "only here", twenty]) await listening(redis, roomChannel(room), 0);
    });

    test("binary values cross in both directions", async () => {
      node.io.emit("bytes", Buffer.from([1, 2, 3]), { deep: [Buffer.from("four")] });
      for (const client of all()) {
        const [[first, second]] = await hears(client, "bytes");
        assert.deepEqual(Buffer.from(first), Buffer.from([1, 2, 3]));
        assert.deepEqual(Buffer.from(second.deep[0]), Buffer.from("four"));
      }
      await joined("binary", [there], 1);
      here.emit("say", "binary", { payload: Buffer.from([0, 255]) });
      const [[value]] = await hears(there, "said");
      assert.deepEqual(Buffer.from(value.payload), Buffer.from([0, 255]));
      node.io.serverSideEmit("hello", Buffer.from("six"));
      const [[name, bytes]] = await hears(here, "server-event");
      assert.deepEqual([name, Buffer.from(bytes)], ["hello", Buffer.from("six")]);
      leave();
    });

    test("namespaces do not mix", async () => {
      const side = await connect(ours, "/side");
      const nodeSide = await connect(node, "/side");
      node.io.of("/side").emit("aside", 1);
      await hears(side, "aside");
      await hears(nodeSide, "aside");
      side.emit("shout", "only here");
      assert.deepEqual(await hears(nodeSide, "said"), [["only here"]]);
      await settle();
      for (const client of all()) assert.deepEqual([...heard(client, "aside"), ...heard(client, "said").slice(1)], []);
      side.disconnect();
      nodeSide.disconnect();
      leave();
    });

    test("fetchSockets and rooms see the whole cluster from both sides", async () => {
      await join(here, "x");
      await join(there, "y");
      const found = await node.io.fetchSockets();
      assert.deepEqual(found.map((socket) => socket.id).sort(), all().map((client) => client.id).sort());
      const ofHere = found.find((socket) => socket.id === here.id);
      assert.deepEqual([...ofHere.rooms].sort(), [here.id, "x"].sort());
      assert.equal(ofHere.handshake.query.EIO, "4");
      assert.deepEqual((await node.io.in("x").fetchSockets()).map((socket) => socket.id), [here.id]);

      const seen = await here.emitWithAck("who");
      assert.deepEqual(seen.map((socket) => socket.id).sort(), all().map((client) => client.id).sort());
      assert.deepEqual([...seen.find((socket) => socket.id === there.id).rooms].sort(), [there.id, "y"].sort());
      assert.deepEqual((await here.emitWithAck("rooms")).sort(), ["x", "y", ...all().map((client) => client.id)].sort());
      leave();
    });

    test("sockets are moved between rooms and disconnected from either side", async () => {
      await join(here, "from");
      await join(there, "from");
      node.io.in("from").socketsJoin("second");
      alsoHere.emit("move", "from", "third");
      const roomsOf = async (client) => (await node.io.in(client.id).fetchSockets())[0]?.rooms ?? new Set();
      for (const client of [here, there]) {
        await eventually("both joined", async () => {
          const rooms = await roomsOf(client);
          return rooms.has("second") && rooms.has("third");
        });
      }
      await listening(redis, roomChannel("third"), listeners[mode](2));
      node.io.in("from").socketsLeave("third");
      alsoHere.emit("unmove", "from", "second");
      for (const client of [here, there]) {
        await eventually("left again", async () => {
          const rooms = await roomsOf(client);
          return rooms.has("from") && !rooms.has("second") && !rooms.has("third");
        });
      }
      await listening(redis, roomChannel("third"), 0);
      alsoHere.emit("kick", there.id);
      await eventually("the Node.js server's client is disconnected", () => !there.connected);
      node.io.in("from").disconnectSockets();
      await eventually("our client is disconnected", () => !here.connected);
      assert.ok(alsoHere.connected);
      leave();
    });

    test("servers talk to each other, with answers", async () => {
      node.io.serverSideEmit("hello", { n: 1 });
      assert.deepEqual(await hears(here, "server-event"), [["hello", { n: 1 }]]);
      assert.deepEqual(await node.io.serverSideEmitWithAck("question", 2), [{ from: "cluster_chat" }]);

      const told = new Promise((resolve) => node.io.once("told", resolve));
      here.emit("tell-servers", "told", { n: 3 });
      assert.deepEqual(await told, { n: 3 });
      node.io.once("asked", (value, done) => done({ twice: value * 2 }));
      assert.deepEqual(await here.emitWithAck("ask-servers", "asked", 21), [{ twice: 42 }]);
      leave();
    });

    test("broadcasts with acks gather answers of the whole cluster", async () => {
      const answering = (name) => (...args) => args.at(-1)(name);
      here.on("question", answering("here"));
      alsoHere.on("question", answering("alsoHere"));
      there.on("question", answering("there"));
      assert.deepEqual((await node.io.timeout(answersWithin).emitWithAck("question", 1)).sort(), ["alsoHere", "here", "there"]);
      const gathered = await new Promise((resolve) => here.emit("ask", 1, (...values) => resolve(values)));
      assert.deepEqual([gathered[0].sort(), gathered[1]], [["alsoHere", "there"], 2]);
      // A room that exists on one side only, and bytes in the question and in the answer.
      await joined("alone", [here], 1);
      here.on("bytes?", (bytes, done) => done(Buffer.concat([bytes, bytes])));
      const [bytes] = await node.io.to("alone").timeout(answersWithin).emitWithAck("bytes?", Buffer.from("ab"));
      assert.deepEqual(Buffer.from(bytes), Buffer.from("abab"));
      leave();
    });

    test("what ours publishes is what the reference publishes, to the same channels", async () => {
      await joined("wire", [here, alsoHere, there], 2);
      const monitor = await redis.monitor();
      const messages = [];
      monitor.on("monitor", (_, [command, channel, payload]) => {
        if (command.toLowerCase() === "spublish") messages.push({ channel, payload, uid: /"uid":"([0-9a-f]+)"/.exec(payload)?.[1] });
      });
      /** The first message of what `act` makes a server say, without its ids. */
      const said = async (act) => {
        await settle();
        await eventually("all before it is seen", () => messages.some(({ payload }) => payload.includes(`"round":${rounds}}`)));
        messages.length = 0;
        await act();
        const { channel, payload, uid } = await eventually("it is said", () => messages[0]);
        assert.ok(uid, payload);
        return [channel, payload.replaceAll(uid, "U").replace(/"requestId":"[^"]+"/, '"requestId":"R"').replace(/"timeout":\d+/, '"timeout":1')];
      };
      const same = async (ofNode, ofOurs) => assert.deepEqual(await said(ofOurs), await said(ofNode));
      const except = here.id;
      await same(() => node.io.emit("said", { n: 1 }), () => here.emit("shout", { n: 1 }));
      await same(() => node.io.to("wire").except(except).emit("said", 1), () => here.emit("say", "wire", 1));
      await same(() => node.io.to(there.id).except(except).emit("said", 1), () => here.emit("say", there.id, 1));
      await same(() => node.io.fetchSockets(), () => here.emitWithAck("who"));
      await same(() => node.io.in("wire").socketsJoin("more"), () => here.emit("move", "wire", "more"));
      await same(() => node.io.in("wire").socketsLeave("more"), () => here.emit("unmove", "wire", "more"));
      await same(() => node.io.serverSideEmit("told", 1), () => here.emit("tell-servers", "told", 1));
      node.io.once("asked", (_, done) => done(1));
      await same(() => node.io.serverSideEmitWithAck("asked", 1), () => here.emitWithAck("ask-servers", "asked", 1));
      for (const one of all()) one.on("question", (_, done) => done(1));
      await same(
        () => new Promise((resolve) => node.io.except(except).timeout(answersWithin).emit("question", 1, resolve)),
        () => new Promise((resolve) => here.emit("ask", 1, resolve)),
      );
      await same(() => node.io.in("nobody").disconnectSockets(), () => here.emit("kick", "nobody"));
      monitor.disconnect();
      leave();
    });
  });
}

test("rubbish on the channels of the sharded protocol is ignored and counted", async () => {
  const redis = await RedisServer.start();
  const ours = await OurServer.start(redis, redis.url, ["--protocol", "dynamic"]);
  const client = await connect(ours);
  const raw = redis.client();
  try {
    await shardedTogether(redis, 1);
    await join(client, "room");
    await listening(redis, roomChannel("room"), 1);
    const message = (type, data) => JSON.stringify({ type, data, uid: "peer", nsp: "/" });
    const rubbish = [
      "", "{", "{}", "null", "[]", '{"type":99}', '{"type":3,"nsp":"/","uid":"x"}', message(3, {}), message(3, { packet: { type: 3, data: ["e"] }, opts: {} }),
      message(3, { packet: { type: 2, data: ["connect"] }, opts: {} }), message(4, { opts: {}, rooms: 7 }), message(6, { opts: [] }), message(7, { opts: {} }),
      message(8, { sockets: [] }), message(8, { requestId: "1", sockets: 1 }), message(9, { packet: {} }), message(11, { requestId: "1" }), "[".repeat(500),
      Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), Buffer.from([0xc1]), Buffer.alloc(1000, 0x91), Buffer.alloc(100_000, 0xff),
    ];
    const own = (await raw.pubsub("SHARDCHANNELS", "socket.io#/#*")).find((name) => /#[0-9a-f]{24}#$/.test(name));
    const channels = ["socket.io#/#", roomChannel("room"), own];
    for (const channel of channels) for (const bytes of rubbish) await raw.spublish(channel, bytes);
    // Heartbeats of other adapters, and answers to nobody's questions, are none.
    for (const type of [1, 2, 13]) await raw.spublish("socket.io#/#", message(type));
    await raw.spublish(own, message(11, { requestId: "1", clientCount: 1 }));
    await eventually("all of it is counted", async () => (await client.emitWithAck("counters")).ignored === channels.length * rubbish.length);
    await raw.spublish(roomChannel("room"), message(3, { packet: { type: 2, data: ["still-here", 1] }, opts: { rooms: ["room"], except: [] } }));
    assert.deepEqual(await hears(client, "still-here"), [[1]]);
    assert.equal((await client.emitWithAck("counters")).ignored, channels.length * rubbish.length);
  } finally {
    raw.disconnect();
    client.disconnect();
    const status = await ours.stop();
    await redis.stop();
    assert.equal(status, 0);
  }
});

test("after Redis died and came back the channels of rooms are listened to again", async () => {
  const redis = await RedisServer.start();
  const ours = await OurServer.start(redis, redis.url, ["--protocol", "dynamic"]);
  const node = await NodeServer.start(redis, "dynamic");
  const [here, there] = await Promise.all([connect(ours), connect(node)]);
  try {
    await shardedTogether(redis);
    await join(here, "kept");
    await join(there, "kept");
    await listening(redis, roomChannel("kept"), 2);
    await redis.kill();
    await eventually("only our own sockets are seen", async () => (await here.emitWithAck("who")).length === 1);
    await join(here, "joined without Redis");
    await redis.run();
    await shardedTogether(redis);
    await listening(redis, roomChannel("kept"), 2);
    await listening(redis, roomChannel("joined without Redis"), 1);
    node.io.to("kept").emit("again", 1);
    node.io.to("joined without Redis").emit("also", 1);
    assert.deepEqual(await hears(here, "again"), [[1]]);
    assert.deepEqual(await hears(here, "also"), [[1]]);
    await eventually("the other direction", async () => {
      here.emit("say", "kept", "after");
      return heard(there, "said").length > 0;
    });
    assert.equal((await here.emitWithAck("who")).length, 2);
  } finally {
    here.disconnect();
    there.disconnect();
    await node.stop();
    const status = await ours.stop();
    await redis.stop();
    assert.equal(status, 0);
  }
});
