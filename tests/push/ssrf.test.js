'use strict';
// An endpoint is written by a user: it must not lead the server to places of the user's choice.
const assert = require('node:assert/strict');
const net = require('node:net');
const { after, before, beforeEach, test } = require('node:test');
const { World } = require('./world');

/** The default list of browser vendors, and the rule of public addresses. */
let strict;
/** The list names localhost, the rule of public addresses holds. */
let listed;
let sink;
before(async () => {
  sink = { connections: 0 };
  sink.server = net.createServer((socket) => {
    sink.connections += 1;
    socket.destroy();
  });
  await new Promise((done) => sink.server.listen(0, '127.0.0.1', done));
  sink.port = sink.server.address().port;
  [strict, listed] = await Promise.all([
    World.start({ 'push.webpush_allowed_hosts': undefined, 'push.allow_private_addresses': false }),
    World.start({ 'push.allow_private_addresses': false, 'push.webpush_allowed_hosts': `localhost:${sink.port},127.0.0.1:${sink.port}` }),
  ]);
});
after(async () => {
  sink?.server.close();
  await Promise.all([strict?.close(), listed?.close()]);
});
beforeEach(() => {
  for (const world of [strict, listed]) world.reset();
});

const kRefused = {
  'http': 'http://updates.push.services.mozilla.com/wpush/v2/x', 'loopback by name': 'https://localhost/x', 'loopback by number': 'https://127.0.0.1/x',
  'loopback in six groups': 'https://[::1]/x', 'loopback as one number': 'https://2130706433/x', 'loopback in hex': 'https://0x7f000001/x',
  'a private network': 'https://10.0.0.1/x', 'link-local (the metadata service of clouds)': 'https://169.254.169.254/latest/meta-data', 'a mapped address': 'https://[::ffff:127.0.0.1]/x',
  'credentials': 'https://user:secret@updates.push.services.mozilla.com/x', 'credentials that look like the host': 'https://updates.push.services.mozilla.com@127.0.0.1/x',
  'another host': 'https://push.example.org/x', 'a host that ends alike': 'https://evilfcm.googleapis.com/x', 'a host that begins alike': 'https://fcm.googleapis.com.example.org/x',
  'another port': 'https://fcm.googleapis.com:22/x', 'a backslash': 'https://fcm.googleapis.com\\@127.0.0.1/x', 'a line break': 'https://fcm.googleapis.com/x\r\nHost: 127.0.0.1',
  'a file': 'file:///etc/passwd', 'no host': 'https:///x', 'a blank': 'https://fcm.googleapis.com /x',
};
for (const [what, endpoint] of Object.entries(kRefused)) {
  test(`refused when it is put: ${what}`, async () => {
    const [, user] = await strict.pair();
    const { keys } = strict.standin.subscribe().toJSON();
    const answer = await strict.server.call('PUT', `/devices/${user.device}/push`, { token: user.token, body: { kind: 'webpush', address: { endpoint, keys } } });
    assert.deepEqual([answer.status, answer.body.error.code, answer.body.error.field], [400, 'invalid', 'address']);
    assert.equal(await strict.address(user), undefined);
  });
}

for (const endpoint of ['https://fcm.googleapis.com/fcm/send/abc', 'https://updates.push.services.mozilla.com/wpush/v2/abc', 'https://web.push.apple.com/abc',
  'https://wns2-par02p.notify.windows.com/w/?token=abc']) {
  test(`taken: ${new URL(endpoint).host}`, async () => {
    const [, user] = await strict.pair();
    const { keys } = strict.standin.subscribe().toJSON();
    await strict.put(user, { kind: 'webpush', address: { endpoint, keys } });
    await strict.server.expect(204, 'DELETE', `/devices/${user.device}/push`, { token: user.token });
  });
}

for (const host of ['localhost', '127.0.0.1']) {
  test(`a listed name at an address that is not public is not connected to: ${host}`, async () => {
    const [sender, user] = await listed.pair();
    const { keys } = listed.standin.subscribe().toJSON();
    await listed.put(user, { kind: 'webpush', address: { endpoint: `https://${host}:${sink.port}/x`, keys } });
    await listed.write(sender, user);
    await listed.eventually(async () => Object.keys(await listed.outcomes('webpush')).length > 0, 'the refusal in the metrics');
    assert.equal(sink.connections, 0);
    assert.ok(await listed.address(user), 'the address stays: the list may be a slip');
  });
}

test('keys that are none are refused', async () => {
  const [, user] = await strict.pair();
  const { keys } = strict.standin.subscribe().toJSON();
  const offCurve = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]).toString('base64url');
  for (const wrong of [{ ...keys, p256dh: offCurve }, { ...keys, auth: 'AAAA' }, { p256dh: keys.p256dh }, {}]) {
    const answer = await strict.server.call('PUT', `/devices/${user.device}/push`,
      { token: user.token, body: { kind: 'webpush', address: { endpoint: 'https://fcm.googleapis.com/fcm/send/abc', keys: wrong } } });
    assert.equal(answer.status, 400, JSON.stringify(wrong));
  }
});
