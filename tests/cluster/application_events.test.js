'use strict';
// Programs of the application reach the clients of all nodes, with the original emitter and the original adapter; and cannot do what is the server's alone.
const assert = require('node:assert/strict');
const http = require('node:http');
const { after, before, describe, test } = require('node:test');
const { createAdapter, createShardedAdapter } = require('@socket.io/redis-adapter');
const { Emitter } = require('@socket.io/redis-emitter');
const { Redis: RedisClient } = require('ioredis');
const { Server: SocketServer } = require('socket.io');
const { Client, Proxy, Server, cleanUp, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

const kForged = /^restante_refusals_total\{reason="forged_event"\} (\d+)$/m;
const kSlowReader = /^restante_application_events_dropped_total\{reason="slow_reader"\} (\d+)$/m;
const kTooSlow = /^restante_engine_sessions_closed_total\{reason="slow consumer"\} (\d+)$/m;
const kRequests = 'socket.io-request#/#';
/** An event that takes the server this many bytes; of them, more than a connection may hold and than the system's buffers take. */
const kFloodBytes = 16_384;
const kFlood = 2_000;

/** A client that does not read does not answer to heartbeats either. */
const kPatience = { 'server.ping_timeout_ms': 120_000 };

const unless = { skip: skip() };
const redisClients = [];
let cluster, one, two, anna, bert, annas, berts, emitter, peer;

function redisClient() {
  const client = new RedisClient(cluster.redis.port, '127.0.0.1', { maxRetriesPerRequest: null });
  client.on('error', () => {}); // a test ends Redis under it
  redisClients.push(client);
  return client;
}
/** A server of the application's own, without clients of its own. */
async function startPeer(createWith) {
  const listener = http.createServer().listen(0, '127.0.0.1');
  const io = new SocketServer(listener, { adapter: createWith(redisClient(), redisClient()) });
  return { io, close: () => io.close() };
}
/** Classic: so many servers listen. */
const together = (servers) => until(async () => {
  const [, count] = await redisClients[0].pubsub('NUMSUB', kRequests).catch(() => []);
  return count === servers;
}, `${servers} servers that listen`, 30_000);

/** What a client is told that is not of the chat. */
function hear(client) {
  client.heard = [];
  const own = new Set(['ready', 'drained', 'receive_message', 'message_status', 'user_online', 'user_offline', 'friend_request', 'friend_accepted', 'conversation_read', 'typing']);
  client.socket.onAny((name, ...rest) => {
    if (!own.has(name)) client.heard.push([name, ...rest.filter((each) => typeof each !== 'function')]);
  });
  return client;
}
/** What each of them has heard by the time that everybody has heard of this. */
let fences = 0;
async function heardBy(...clients) {
  const fence = `fence ${++fences}`;
  emitter.emit(fence);
  const seen = clients.map((client) => until(() => client.heard.some(([name]) => name === fence), `${fence} at ${client.user.username}`));
  await Promise.all(seen);
  return clients.map((client) => client.heard.splice(0).filter(([name]) => !name.startsWith('fence')));
}
/** Until events reach them again. */
const carries = (name, ...to) => until(() => {
  emitter.emit(name);
  return to.every((client) => client.heard.some(([each]) => each === name));
}, name, 30_000);
const silence = () => until(async () => (await heardBy(...annas, berts)).every((heard) => heard.length === 0), 'silence');
const series = async (node, pattern) => Number(pattern.exec(await node.metrics())?.[1]);

before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start({ nodes: 2, members: 1, set: kPatience });
  [one, two] = [cluster.node(0), cluster.node(1)];
  emitter = new Emitter(redisClient());
  peer = await startPeer((pub, sub) => createAdapter(pub, sub));
  [anna, bert] = await one.friends();
  annas = [hear(await Client.connect(one, anna)), hear(await Client.connect(two, anna, { auth: { device: 'tablet' } }))];
  berts = hear(await Client.connect(two, bert, { transports: ['polling'] }));
  await together(3);
});
after(async () => {
  await cleanUp();
  if (peer) await peer.close();
  for (const client of redisClients) client.disconnect();
  await cluster?.dispose();
});

describe('an event of the application', unless, () => {
  for (const [name, speaker] of [['the emitter', () => emitter], ['a Node.js server', () => peer.io]]) {
    test(`from ${name} reaches all, or the sockets of a user, or of a device, or all but some`, async () => {
      const io = speaker();
      io.emit('to-all', { n: 1 }, 'ä');
      io.to(`user:${anna.id}`).emit('to-anna', 2);
      io.to(`device:${anna.id}:tablet`).emit('to-tablet', 3);
      io.except(`user:${anna.id}`).emit('to-others', 4);
      io.to([`user:${anna.id}`, `user:${bert.id}`]).except(`device:${anna.id}:tablet`).emit('to-some', 5);
      io.to(`user:${bert.id}`).emit('bytes', Buffer.from([1, 2, 255]));
      for (const [client, count] of [[annas[0], 3], [annas[1], 3], [berts, 4]])
        await until(() => client.heard.length >= count, `events at ${client.user.username}`);
      const all = ['to-all', { n: 1 }, 'ä'];
      assert.deepEqual(await heardBy(...annas, berts), [
        [all, ['to-anna', 2], ['to-some', 5]],
        [all, ['to-anna', 2], ['to-tablet', 3]],
        [all, ['to-others', 4], ['to-some', 5], ['bytes', Buffer.from([1, 2, 255])]],
      ]);
    });
  }

  test('is answered by the clients of all nodes', async () => {
    for (const client of annas) client.socket.once('question', (value, answer) => answer(`${value} ${client.user.username}`));
    berts.socket.once('question', (_, answer) => answer());
    const answers = await peer.io.timeout(10_000).emitWithAck('question', 'who?');
    assert.deepEqual(answers.sort(), [null, `who? ${anna.username}`, `who? ${anna.username}`].sort());
    await heardBy(...annas, berts);
  });

  test('reaches nobody who has not been admitted', async () => {
    const stranger = hear(new Client(one, { ...anna, username: 'a stranger', token: 'forged' }));
    stranger.open();
    await stranger.refusal();
    emitter.emit('to-all');
    await heardBy(...annas, berts);
    assert.deepEqual(stranger.heard, []);
    stranger.close();
  });

  test('under a name of the server\'s own reaches nobody, and is counted', async () => {
    const told = () => [...annas, berts].map((client) => client.events.length);
    const before = { told: told(), forged: [await series(one, kForged), await series(two, kForged)] };
    const forged = { _id: 'f'.repeat(24), sender: bert.id, recipient: anna.id, content: 'forged', seq: 1, position: 1 };
    emitter.emit('receive_message', forged);
    emitter.to(`user:${anna.id}`).emit('session_expired', { reason: 'banned' });
    peer.io.emit('message_status', {});
    assert.deepEqual(await peer.io.timeout(10_000).emitWithAck('receive_message', forged), []);
    assert.deepEqual(await heardBy(...annas, berts), [[], [], []]);
    assert.deepEqual(told(), before.told);
    for (const [index, node] of [one, two].entries()) assert.equal(await series(node, kForged), before.forged[index] + 4);
  });

  test('goes to rooms that a peer has moved sockets to', async () => {
    peer.io.in(`user:${anna.id}`).socketsJoin('club');
    peer.io.to('club').emit('in', 1);
    peer.io.in(`device:${anna.id}:tablet`).socketsLeave('club');
    peer.io.to('club').emit('in', 2);
    for (const client of annas) await until(() => client.heard.length > 0, 'the first event');
    await until(() => annas[0].heard.length > 1, 'the second event');
    assert.deepEqual(await heardBy(...annas, berts), [[['in', 1], ['in', 2]], [['in', 1]], []]);
    peer.io.socketsLeave('club');
  });
});

describe('a peer', unless, () => {
  test('is told ids and rooms of the sockets, and no secret', async () => {
    const listening = await cluster.redis.listen();
    const sockets = await peer.io.fetchSockets();
    const expected = [...annas, berts].map(({ socket, user }, index) => {
      const device = index === 1 ? 'tablet' : user.device;
      return { id: socket.id, rooms: [socket.id, `user:${user.id}`, `device:${user.id}:${device}`].sort() };
    });
    const shown = sockets.map(({ id, rooms }) => ({ id, rooms: [...rooms].sort() }));
    const byId = (left, right) => (left.id < right.id ? -1 : 1);
    assert.deepEqual(shown.sort(byId), expected.sort(byId));
    assert.equal((await peer.io.in(`user:${bert.id}`).fetchSockets()).length, 1);
    await until(() => listening.text.includes(annas[0].socket.id), 'the answer on Redis');
    listening.stop();
    for (const { token, refreshToken, password } of [anna, bert])
      for (const secret of [token, refreshToken, password]) assert.equal(listening.text.includes(secret), false, 'a secret on Redis');
    for (const { data, handshake } of sockets) assert.deepEqual([data, handshake.auth], [{}, {}]);
  });

  test('that asks the servers waits for nobody', async () => {
    assert.deepEqual(await peer.io.serverSideEmitWithAck('anybody?'), [null, null]);
  });

  test('disconnects sockets: their sessions end, and what is sent then waits for the devices', async () => {
    const sessions = () => Promise.all([one, two].map((node) => node.metric('restante_sessions')));
    const before = await sessions();
    peer.io.in(`device:${anna.id}:tablet`).disconnectSockets();
    await until(() => annas[1].disconnects.length > 0, 'the disconnect');
    assert.deepEqual(annas[1].disconnects, ['io server disconnect']);
    await until(async () => (await sessions())[1] === before[1] - 1, 'the end of the session');
    assert.equal((await sessions())[0], before[0]);
    await berts.sent(anna, 'while the tablet is away', 'away');
    await annas[0].received(1);
    assert.equal(annas[1].messages.length, 0);
    annas[1].open();
    await until(() => annas[1].texts.includes('while the tablet is away'), 'the message');
    peer.io.in(`user:${anna.id}`).disconnectSockets(true);
    for (const client of annas) {
      await until(() => !client.socket.connected, 'the disconnect');
      assert.equal(client.disconnects.at(-1), 'io server disconnect');
      client.clear();
      client.open();
      await client.event('ready');
    }
    await heardBy(...annas, berts);
  });
});

describe('a flood of events', unless, () => {
  test('neither delays nor reorders messages, and a reader that does not keep up loses events, not its session', async () => {
    const front = await Proxy.start(two.port);
    const slow = hear(await Client.connect(two, bert, { url: front.url, auth: { device: 'slow' } }));
    const tooSlow = await series(two, kTooSlow);
    const dropped = await series(two, kSlowReader);
    for (const { far } of front.links) far.pause();
    const text = 'x'.repeat(kFloodBytes);
    for (let index = 0; index < kFlood; index += 1) {
      emitter.to(`device:${bert.id}:slow`).emit('flood', index, text);
      if (index % 100 === 0) await annas[0].sent(bert, `message ${index}`, `flood${index}`);
    }
    await until(async () => await series(two, kSlowReader) > dropped, 'events that are dropped');
    await until(() => berts.texts.filter((each) => each.startsWith('message')).length === kFlood / 100, 'all messages at the other device', 60_000);
    for (const { far } of front.links) far.resume();
    const messages = () => slow.texts.filter((each) => each.startsWith('message'));
    await until(() => messages().length === kFlood / 100, 'all messages at the slow device', 60_000);
    assert.deepEqual(messages(), Array.from({ length: kFlood / 100 }, (_, index) => `message ${index * 100}`));
    assert.deepEqual(slow.disconnects, []);
    assert.equal(await series(two, kTooSlow), tooSlow);
    const numbers = slow.heard.filter(([name]) => name === 'flood').map(([, number]) => number);
    assert.ok(numbers.length < kFlood, 'some must have been dropped');
    assert.deepEqual(numbers, [...numbers].sort((left, right) => left - right));
    await carries('after the flood', slow);
    slow.close();
    await silence();
  });
});

describe('Redis', unless, () => {
  test('that dies and comes back empty carries events again, and messages go on meanwhile', async () => {
    await cluster.redis.kill();
    await annas[0].sent(bert, 'without Redis', 'without');
    await until(() => berts.texts.includes('without Redis'), 'the message');
    await cluster.redis.heal();
    await together(3);
    await carries('back', ...annas, berts);
    await silence();
    emitter.to(`user:${anna.id}`).emit('again', 1);
    for (const client of annas) await until(() => client.heard.length > 0, 'the event');
    assert.deepEqual(await heardBy(...annas, berts), [[['again', 1]], [['again', 1]], []]);
    // A node hears and answers on two connections, which come back each in its own time: a question between the two has no answer.
    await until(() => peer.io.fetchSockets().then((sockets) => sockets.length === 3, () => false), 'an answer of all nodes', 30_000);
  });
});

describe('redis.broadcaster', unless, () => {
  test('off: no event arrives; sharded: those of createShardedAdapter do', async () => {
    const settings = { 'redis.uri': cluster.redis.uri };
    const deaf = await Server.start({ set: { ...settings, 'redis.broadcaster': 'off' } });
    const sharded = await Server.start({ set: { ...settings, 'redis.broadcaster': 'sharded', 'redis.broadcaster_prefix': 'other' } });
    const shardedPeer = await startPeer((pub, sub) => createShardedAdapter(pub, sub, { channelPrefix: 'other' }));
    try {
      const carl = await deaf.register();
      const dora = await sharded.register();
      const carls = hear(await Client.connect(deaf, carl));
      const doras = hear(await Client.connect(sharded, dora));
      await until(async () => (await redisClients[0].pubsub('SHARDNUMSUB', 'other#/#'))[1] === 2, 'both to listen');
      await until(async () => (await redisClients[0].pubsub('SHARDNUMSUB', `other#/#user:${dora.id}#`))[1] === 1, 'the room\'s channel');
      shardedPeer.io.to(`user:${dora.id}`).emit('to-dora', 1);
      shardedPeer.io.emit('receive_message', {});
      shardedPeer.io.emit('to-all', 2);
      await until(() => doras.heard.length === 2, 'the events');
      assert.deepEqual(doras.heard, [['to-dora', 1], ['to-all', 2]]);
      assert.equal(doras.messages.length, 0);
      await heardBy(...annas, berts);
      assert.deepEqual(carls.heard, []);
      assert.doesNotMatch(await deaf.metrics(), /restante_broadcaster_/);
      assert.equal(doras.heard.length, 2, 'another prefix is another cluster');
    } finally {
      await shardedPeer.close();
      for (const server of [deaf, sharded]) assert.equal(await server.stop(), 0);
      await cleanUp(deaf, sharded);
    }
  });

  test('nodes that are heard through end cleanly', async () => {
    await cluster.stop();
  });
});
