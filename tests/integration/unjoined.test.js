'use strict';
// Connections without a user: nobody can hold so many of them that others do not get in.
const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const WebSocket = require('ws');
const { Client, Server, cleanUp, scale, until } = require('./harness');

const kJoinTimeoutMs = 1500;
const kHandshake = '/socket.io/?EIO=4&transport=polling';
const kOverloaded = { code: 4, message: 'overloaded' };

after(() => cleanUp());

async function withServer(set, work) {
  const server = await Server.start({ set });
  try {
    await work(server);
  } finally {
    await server.dispose();
  }
}

/** A handshake by polling, which is then left alone: the status, or the refusal. */
async function handshake(server, address) {
  const headers = address ? { 'x-forwarded-for': address } : {};
  const response = await fetch(`${server.url}${kHandshake}`, { headers });
  return response.status === 200 ? 200 : response.json();
}

/** A client that has joined, and answers every ping for as long as it is let. */
function joinRaw(server, user) {
  return new Promise((done, fail) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    socket.ended = new Promise((end) => socket.on('close', end));
    socket.on('error', fail);
    socket.on('open', () => socket.send(`40${JSON.stringify({ token: user.token })}`));
    socket.on('message', (bytes) => {
      const text = bytes.toString();
      if (text === '2') socket.send('3');
      if (text.startsWith('42["ready"')) done(socket);
    });
  });
}

test('whoever leaves the namespace and stays connected is disconnected in time', async () => {
  await withServer({ 'server.max_unjoined': 2, 'server.join_timeout_ms': scale(kJoinTimeoutMs), 'server.ping_interval_ms': 500 }, async (server) => {
    const user = await server.register();
    const stayed = [];
    for (const device of ['one', 'two', 'three']) stayed.push(await joinRaw(server, await server.logIn(user, device)));
    for (const socket of stayed) socket.send('41');
    await until(async () => (await server.metric('restante_sessions')) === 0, 'all to have left');
    assert.deepEqual(await handshake(server), kOverloaded, 'three without a user are too many');
    await Promise.all(stayed.map((socket) => socket.ended));
    const client = await Client.connect(server, user);
    client.close();
  });
});

test('whoever leaves may join again on the same connection', async () => {
  await withServer({ 'server.join_timeout_ms': scale(kJoinTimeoutMs) }, async (server) => {
    const user = await server.register();
    const socket = await joinRaw(server, user);
    const ready = new Promise((done) => socket.on('message', (bytes) => bytes.toString().startsWith('42["ready"') && done()));
    socket.send('41');
    socket.send(`40${JSON.stringify({ token: user.token })}`);
    await ready;
    const wait = new Promise((done) => setTimeout(() => done('still here'), scale(kJoinTimeoutMs) + 500));
    assert.equal(await Promise.race([socket.ended, wait]), 'still here');
    socket.terminate();
  });
});

test('one address that fills its share shuts out itself and nobody else', async () => {
  await withServer({ 'server.max_unjoined_per_address': 2, 'server.trusted_proxies': '127.0.0.0/8' }, async (server) => {
    const user = await server.register();
    assert.equal(await handshake(server, '203.0.113.1'), 200);
    assert.equal(await handshake(server, '203.0.113.1'), 200);
    assert.deepEqual(await handshake(server, '203.0.113.1'), kOverloaded);
    assert.equal(await handshake(server, '203.0.113.2'), 200);
    for (const network of ['2001:db8:1:1', '2001:db8:1:2']) {
      assert.equal(await handshake(server, `${network}::1`), 200);
      assert.equal(await handshake(server, `${network}::2`), 200);
      assert.deepEqual(await handshake(server, `${network}::3`), kOverloaded, 'a /64 is one address');
    }
    for (let index = 0; index < 5; index += 1) assert.equal(await handshake(server), 200, 'the proxy itself is exempt');
    const clients = [];
    for (const device of ['one', 'two', 'three']) {
      const login = await server.logIn(user, device);
      clients.push(await Client.connect(server, login, { extraHeaders: { 'x-forwarded-for': '203.0.113.2' } }));
    }
    for (const client of clients) client.close();
  });
});
