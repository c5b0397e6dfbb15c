'use strict';
// What settings change about pushes.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { runToEnd, uniqueName, cleanUp, Server } = require('../integration/harness');
const { World } = require('./world');

async function within(set, run) {
  const world = await World.start(set);
  try {
    await run(world);
    world.assertNoProblems();
  } finally {
    await world.close();
  }
}

test('delivery.expiry_seconds bounds the TTL', () => within({ 'delivery.expiry_seconds': 3600 }, async (world) => {
  const { sender, user, token } = await world.away();
  await world.write(sender, user);
  const [{ message }] = await world.sent(token);
  const ttl = parseInt(message.android.ttl, 10);
  assert.ok(ttl > 3500 && ttl <= 3600, message.android.ttl);
}));

test('push.data_only wakes the app and shows nothing', () => within({ 'push.data_only': true }, async (world) => {
  const { sender, user, token } = await world.away();
  await world.write(sender, user);
  const [{ shown, message }] = await world.sent(token);
  assert.deepEqual([shown.title, shown.body, message.notification], [undefined, undefined, undefined]);
  assert.equal(message.apns.payload.aps['content-available'], 1);
  assert.equal(shown.data.t, 'm');
}));

test('without a key file and with push.webpush=false nothing is offered, and messages wait as ever', () =>
  within({ 'push.webpush': false }, async (world) => {
    const { webpush } = await world.server.expect(200, 'GET', '/push', { token: world.sender.token });
    assert.equal(webpush, null);
    const { sender, user, subscription } = await world.awayBrowser();
    await world.write(sender, user);
    await world.settled();
    assert.equal(world.standin.pushedTo(subscription).length, 0);
  }));

test('a server without any provider keeps the address for later', async () => {
  const server = await Server.start({ set: { 'push.webpush': false } });
  const user = await server.register(uniqueName('carl'));
  assert.deepEqual(await server.expect(200, 'GET', '/push', { token: user.token }), { fcm: false, webpush: null });
  await server.expect(204, 'PUT', `/devices/${user.device}/push`, { token: user.token, body: { kind: 'fcm', address: { token: 'abc' } } });
  await cleanUp(server);
});

test('the VAPID key survives a restart', () => within({}, async (world) => {
  const key = async () => (await world.server.expect(200, 'GET', '/push', { token: world.sender.token })).webpush.publicKey;
  const before = await key();
  assert.equal(Buffer.from(before, 'base64url').length, 65);
  await world.server.restart();
  assert.equal(await key(), before);
}));

test('a key file that is none stops the start with one clear line', async () => {
  for (const [value, expected] of [['/nonexistent/key.json', /cannot be opened/], [__filename, /key file|JSON|lacks/i]]) {
    const data = path.join(os.tmpdir(), `restante-never-${process.pid}`);
    const { code, stderr } = await runToEnd(['serve', '--port', '0', '--data', data, '--set', `push.fcm_service_account=${value}`]);
    assert.notEqual(code, 0);
    assert.match(stderr, expected);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.equal(fs.existsSync(data), false, 'nothing is made');
  }
});
