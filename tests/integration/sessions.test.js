'use strict';
// How a session ends, who is told, and who comes back by itself.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client, Proxy, Server, cleanUp, kTransports, scale, sleep, until } = require('./harness');

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

async function endsFor(client, reason) {
  assert.deepEqual(await client.event('session_expired'), { reason });
  await until(() => client.disconnects.length > 0, 'the disconnect');
  assert.deepEqual(client.disconnects, ['io server disconnect'], 'the original client must not come back by itself');
  await sleep(400);
  assert.equal(client.socket.connected, false);
  assert.equal(client.all('ready').length, 1);
}

for (const [transport, options] of Object.entries(kTransports)) {
  test(`logout ends this session and its socket, and no other (${transport})`, async () => {
    const anna = await server.register();
    const other = await server.logIn(anna, 'other');
    const mine = await Client.connect(server, anna, options);
    const others = await Client.connect(server, other, options);
    await server.expect(204, 'POST', '/logout', { token: anna.token });
    await endsFor(mine, 'logout');
    assert.equal(others.socket.connected, true);
    await server.expect(200, 'GET', '/me', { token: other.token });
    await server.expect(401, 'POST', '/refresh', { body: { refreshToken: anna.refreshToken } });
  });
}

test('a changed password ends all other sessions', async () => {
  const anna = await server.register();
  const other = await server.logIn(anna, 'other');
  const mine = await Client.connect(server, anna);
  const others = await Client.connect(server, other);
  await server.expect(401, 'POST', '/me/password', { token: anna.token, body: { password: 'not the password', newPassword: 'a new password' } });
  await server.expect(204, 'POST', '/me/password', { token: anna.token, body: { password: anna.password, newPassword: 'a new password' } });
  await endsFor(others, 'password_changed');
  assert.equal(mine.socket.connected, true);
  await server.expect(401, 'GET', '/me', { token: other.token });
  await server.expect(401, 'POST', '/login', { body: { username: anna.username, password: anna.password } });
  await server.expect(200, 'POST', '/login', { body: { username: anna.username, password: 'a new password' } });
});

test('a push address does not outlive its session', async () => {
  const anna = await server.register();
  const address = { kind: 'fcm', address: { token: 'of-somebody-else' } };
  const addressOfPhone = async () => (await server.expect(200, 'GET', '/me/export', { token: anna.token })).devices.find((each) => each.device === 'phone').push;
  const given = async () => {
    const { token } = await server.logIn(anna, 'phone');
    await server.expect(204, 'PUT', '/devices/phone/push', { token, body: address });
    assert.deepEqual(await addressOfPhone(), address);
  };
  await given();
  await server.logIn(anna, 'phone');
  assert.equal(await addressOfPhone(), undefined, 'replaced');
  await given();
  await server.expect(204, 'POST', '/me/password', { token: anna.token, body: { password: anna.password, newPassword: 'a new password' } });
  assert.equal(await addressOfPhone(), undefined);
  await server.logIn({ ...anna, password: 'a new password' }, 'phone');
  assert.equal(await addressOfPhone(), undefined);
});

test('a removed device is told and cannot return', async () => {
  const anna = await server.register();
  const other = await server.logIn(anna, 'other');
  const others = await Client.connect(server, other);
  await server.expect(204, 'DELETE', '/devices/other', { token: anna.token });
  await endsFor(others, 'device_removed');
  const refused = new Client(server, other).open();
  assert.equal((await refused.refusal()).data.reason, 'revoked');
  const { devices } = await server.expect(200, 'GET', '/devices', { token: anna.token });
  assert.equal(devices.some((each) => each.device === 'other'), false);
  await server.expect(404, 'DELETE', '/devices/other', { token: anna.token });
});

test('a device beside the own one of a token goes without its session', async () => {
  const anna = await server.register();
  const extra = await Client.connect(server, anna, { auth: { device: 'extra' } });
  await server.expect(204, 'DELETE', '/devices/extra', { token: anna.token });
  assert.deepEqual(await extra.event('session_expired'), { reason: 'device_removed' });
  await server.expect(200, 'GET', '/me', { token: anna.token });
});

test('a session ended from another device is revoked', async () => {
  const anna = await server.register();
  const other = await server.logIn(anna, 'other');
  const others = await Client.connect(server, other);
  const { sessions } = await server.expect(200, 'GET', '/sessions', { token: anna.token });
  assert.equal(sessions.length, 2);
  const target = sessions.find((each) => each.device === 'other');
  await server.expect(204, 'DELETE', `/sessions/${target._id}`, { token: anna.token });
  await endsFor(others, 'revoked');
});

test('a login that names a device with a live session replaces that session', async () => {
  const anna = await server.register();
  const mine = await Client.connect(server, anna);
  const again = await server.logIn(anna, anna.device);
  assert.equal(again.device, anna.device);
  await endsFor(mine, 'replaced');
  await Client.connect(server, again);
  await server.expect(401, 'GET', '/me', { token: anna.token });
});

test('a socket that loses to a younger one is told and stays away', async () => {
  const anna = await server.register();
  for (const options of Object.values(kTransports)) {
    const older = await Client.connect(server, anna, options);
    const younger = await Client.connect(server, anna, options);
    await endsFor(older, 'replaced');
    assert.equal(younger.socket.connected, true);
    younger.close();
  }
});

test('erasing the account ends its sessions', async () => {
  const anna = await server.register();
  const mine = await Client.connect(server, anna);
  await server.expect(204, 'DELETE', '/me', { token: anna.token });
  await mine.event('session_expired');
  await until(() => mine.disconnects.includes('io server disconnect'), 'the disconnect');
  await server.expect(401, 'POST', '/login', { body: { username: anna.username, password: anna.password } });
});

test('a live socket outlives its token but not its session', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const renewed = await server.expect(200, 'POST', '/refresh', { body: { refreshToken: anna.refreshToken } });
  await annas.sent(bert, 'after the rotation');
  await server.expect(204, 'POST', '/logout', { token: renewed.accessToken });
  await endsFor(annas, 'logout');
});

test('a broken connection is no end: the original client returns by itself', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  for (const [transport, options] of Object.entries(kTransports)) {
    const proxy = await Proxy.start(server.port);
    const berts = await Client.connect(server, bert, { ...options, url: proxy.url });
    for (let round = 1; round <= 3; round += 1) {
      await berts.upgraded();
      // What is cut between two polls, or behind an answered one, breaks nothing: again, until the client has noticed.
      await until(() => {
        if (berts.disconnects.length < round) proxy.cut();
        return berts.disconnects.length >= round;
      }, `break ${round} over ${transport}`);
      await until(() => berts.all('ready').length > round, `return ${round} over ${transport}`);
    }
    assert.deepEqual(berts.all('session_expired'), []);
    await annas.sent(bert, `after the breaks of ${transport}`);
    await until(() => berts.texts.includes(`after the breaks of ${transport}`), 'the message');
    berts.close();
    proxy.close();
  }
});

test('a restarted server gets its clients back without telling them to leave', async () => {
  const own = await Server.start();
  try {
    const [anna, bert] = await own.friends();
    const all = [];
    for (const options of Object.values(kTransports)) all.push(await Client.connect(own, await own.logIn(bert), options));
    const annas = await Client.connect(own, anna);
    for (const client of all) await client.upgraded();
    await own.restart();
    for (const client of [annas, ...all]) {
      await until(() => client.all('ready').length === 2, 'the return');
      assert.deepEqual(client.all('session_expired'), []);
      assert.ok(client.disconnects.every((reason) => reason !== 'io server disconnect'), client.disconnects.join());
    }
    await annas.sent(bert, 'welcome back');
    for (const client of all) await client.received(1);
  } finally {
    await own.dispose();
  }
});

test('of sockets of one device that come at once exactly one stays, and no other returns, also in the middle of an upgrade', async () => {
  for (let round = 0; round < 8; round += 1) {
    const users = await Promise.all(Array.from({ length: 3 }, () => server.register()));
    const groups = users.map((user) => Array.from({ length: 5 }, () => new Client(server, user, kTransports.upgrade).open()));
    for (const group of groups) {
      await until(() => group.filter((client) => client.socket.connected).length === 1 &&
        group.filter((client) => client.disconnects.length > 0).length === group.length - 1, 'one that stays');
      await sleep(200);
      for (const client of group) {
        if (client.socket.connected) continue;
        assert.deepEqual(client.disconnects, ['io server disconnect'], client.events.map((event) => event.name).join());
        assert.deepEqual(client.all('session_expired'), [{ reason: 'replaced' }]);
      }
      for (const client of group) client.close();
    }
  }
});

test('many devices of an account are let in at once, and of a hundred guesses at once five are judged', async () => {
  const own = await Server.start({ set: { 'auth.argon2_memory_kib': 16_384, 'auth.argon2_passes': 3 } }); // none is judged before all are there
  try {
    const anna = await own.register();
    const atOnce = (count, password) => Promise.all(Array.from({ length: count }, (_, index) => own.call('POST', '/login', {
      body: { username: anna.username, password, device: `device-${index}` },
    })));
    for (const count of [8, 16]) {
      assert.deepEqual((await atOnce(count, anna.password)).map(({ status }) => status), Array(count).fill(200));
    }
    const guesses = await atOnce(100, 'not the password');
    assert.equal(guesses.filter(({ status }) => status === 401).length, 5);
    assert.equal(guesses.filter(({ status, body }) => status === 429 && body.error.retryAfter >= 1).length, 95);
  } finally {
    await own.dispose();
  }
});

test('SIGTERM does not wait for clients that are between two polls', async () => {
  const own = await Server.start();
  try {
    const [anna, bert] = await own.friends();
    for (let round = 0; round < 8; round += 1) {
      const annas = await Client.connect(own, anna, kTransports.polling);
      const berts = await Client.connect(own, bert, kTransports.polling);
      await annas.sent(bert, `message ${round}`);
      await berts.received(1);
      const before = Date.now();
      assert.equal(await own.stop(), 0);
      assert.ok(Date.now() - before < scale(3000), `it took ${Date.now() - before} ms`);
      await own.boot();
      for (const client of [annas, berts]) {
        await until(() => client.all('ready').length === 2, 'the return');
        client.close();
      }
    }
  } finally {
    await own.dispose();
  }
});
