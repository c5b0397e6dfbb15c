'use strict';
// "Why is it on one tick?": restante why and the operator's calls, for a message in each of its states.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, runToEnd, until } = require('./harness');

let server;
let token;
before(async () => {
  server = await Server.start({ set: { 'push.grace_ms': 3_600_000 } });
  token = fs.readFileSync(path.join(server.data, 'operator_token'), 'utf8').trim();
});
after(() => cleanUp(server));

/** What the command says, and the same from the server. */
async function why(message, of = server) {
  const { code, stdout, stderr } = await runToEnd(['why', message._id, '--data', of.data]);
  assert.equal(code, 0, stderr);
  const verdict = stdout.trim().split('\n').at(-1);
  return { stdout, verdict };
}
const ask = (message) => server.expect(200, 'GET', `/operator/messages/${message._id}`, { token });
async function story(message) {
  const told = await ask(message);
  const { verdict } = await why(message);
  assert.equal(verdict, told.verdict, 'both say the same');
  return told;
}

test('the secret of the operator is made once, for its owner only', async () => {
  const file = path.join(server.data, 'operator_token');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.match(token, /^[\w-]{43}$/);
  for (const wrong of [undefined, 'x', `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`]) {
    await server.expect(401, 'GET', '/operator/pending', { token: wrong });
  }
  const user = await server.register();
  await server.expect(401, 'GET', '/operator/pending', { token: user.token });
});

test('an unknown message is one clear line and exit status 1', async () => {
  const id = '0123456789abcdef01234567';
  const { code, stdout, stderr } = await runToEnd(['why', id, '--data', server.data]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.equal(stderr.trim().split('\n').length, 1);
  assert.match(stderr, new RegExp(`no message ${id}`));
  assert.equal((await runToEnd(['why', 'nonsense', '--data', server.data])).code, 1);
  assert.equal((await runToEnd(['why', id, '--data', path.join(server.folder, 'nowhere')])).code, 1);
  await server.expect(404, 'GET', `/operator/messages/${id}`, { token });
});

test('queued for a device that was never here, then written, delivered, read', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'a secret text');
  const queued = await story(message);
  assert.equal(queued.status, 'sent');
  assert.equal(queued.sender, anna.id);
  assert.equal(queued.recipient, bert.id);
  assert.equal(queued.devices[0].state, 'queued');
  assert.equal(queued.devices[0].push.state, 'no_address');
  assert.match(queued.verdict, /^waits for device \S+, last seen /);
  assert.equal((await why(message)).stdout.includes('a secret text'), false);
  assert.equal(JSON.stringify(queued).includes('a secret text'), false);

  const silent = await Client.connect(server, bert, { ack: () => undefined });
  await silent.received(1);
  silent.close();
  await until(async () => (await ask(message)).devices[0].state === 'written', 'the trace of what was written');
  const written = await story(message);
  assert.match(written.verdict, /did not confirm/);

  const phone = await Client.connect(server, bert);
  await author.event('message_status', (event) => event.status === 'delivered');
  const delivered = await story(message);
  assert.equal(delivered.devices[0].state, 'confirmed');
  assert.match(delivered.verdict, /^delivered at .* not read yet$/);
  assert.equal((await phone.request('mark_read', { messageId: message._id })).ok, true);
  const read = await story(message);
  assert.equal(read.status, 'read');
  assert.match(read.verdict, /^read at /);
});

test('with a push address: held while connected, due afterwards', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const address = { kind: 'webpush', address: {
    endpoint: 'https://fcm.googleapis.com/fcm/send/x',
    keys: { p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4', auth: 'BTBZMqHH6r4Tts7J_aSIgg' } } };
  await server.expect(204, 'PUT', `/devices/${bert.device}/push`, { token: bert.token, body: address });
  const silent = await Client.connect(server, bert, { ack: () => undefined });
  const message = await author.sent(bert, 'x');
  await silent.received(1);
  const held = await story(message);
  assert.equal(held.devices[0].push.state, 'held');
  assert.equal(held.devices[0].push.provider, 'webpush');
  silent.close();
  await until(async () => (await ask(message)).devices[0].push.state === 'due', 'the push falls due');
  const due = await story(message);
  assert.match(due.verdict, /push is due at /);
  assert.equal(JSON.stringify(due).includes('fcm.googleapis.com'), false, 'no address');
});

test('a block is named, and a device that is newer than the message', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'x');
  await server.expect(204, 'PUT', `/blocks/${anna.id}`, { token: bert.token });
  assert.ok((await story(message)).blockedSince);
  const phone = await Client.connect(server, bert);
  await phone.received(1);
  await until(async () => (await ask(message)).devices[0].state === 'confirmed', 'the position');
  assert.match((await story(message)).verdict, /block/);
  const laptop = await server.logIn(bert, 'laptop');
  await Client.connect(server, laptop);
  const told = await story(message);
  assert.equal(told.devices.find((each) => each.device === 'laptop').state, 'begun_later');
});

test('who has most pending comes first', async () => {
  const [anna, bert] = await server.friends();
  const carl = await server.register();
  await server.befriend(anna, carl);
  const author = await Client.connect(server, anna);
  for (let i = 0; i < 12; i += 1) await author.sent(bert, `m${i}`);
  const only = await author.sent(carl, 'x');
  const { users } = await server.expect(200, 'GET', '/operator/pending?top=1000', { token });
  const counts = users.map((each) => each.pending);
  assert.deepEqual(counts, [...counts].sort((a, b) => b - a));
  assert.equal(users.find((each) => each.userId === bert.id).pending, 12);
  assert.equal(users.find((each) => each.userId === carl.id).oldest, only.timestamp);
  assert.equal((await server.expect(200, 'GET', '/operator/pending?top=1', { token })).users.length, 1);
  await server.expect(400, 'GET', '/operator/pending?top=1001', { token });
});

test('it is said of a stopped server, too, and of what has expired', async () => {
  const other = await Server.start({ set: { 'delivery.expiry_seconds': 1 } });
  try {
    const [anna, bert] = await other.friends();
    const author = await Client.connect(other, anna);
    const message = await author.sent(bert, 'x');
    await author.event('message_status', (event) => event.status === 'failed');
    author.close();
    assert.equal(await other.stop(), 0);
    const { stdout, verdict } = await why(message, other);
    assert.match(stdout, /status {4}failed \(expired\)/);
    assert.match(verdict, /^expired: /);
  } finally {
    await other.dispose();
  }
});
