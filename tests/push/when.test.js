'use strict';
// When a device is woken and when it is left alone.
const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { Client, Proxy, closeClients, sleep, scale } = require('../integration/harness');
const { World, kGraceMs } = require('./world');

/** Longer than the pushes of this file wait, so that a device can confirm or somebody can read within it. */
const kLongGraceMs = 3000;
const kSilentMs = 1500;

let world;
let patient;
before(async () => {
  [world, patient] = await Promise.all([World.start({ 'delivery.silent_ms': kSilentMs }), World.start({ 'push.grace_ms': kLongGraceMs })]);
});
after(async () => {
  closeClients();
  await Promise.all([world?.close(), patient?.close()]);
});
beforeEach(() => {
  for (const each of [world, patient]) each.reset();
});

const never = (token, where = world) => assert.equal(where.standin.sentTo(token).length, 0, 'no push');

test('a device without an address gets no push, one beside it does', async () => {
  const [sender, user] = await world.pair();
  const second = await world.server.logIn(user, 'tablet');
  const token = await world.giveToken(second);
  await world.write(sender, user);
  await world.sent(token);
  assert.equal(world.standin.of('fcm').length, 1);
});

test('every device with an address gets its own', async () => {
  const [sender, user] = await world.pair();
  const tablet = await world.server.logIn(user, 'tablet');
  const tokens = [await world.giveToken(user), await world.giveToken(tablet)];
  await world.write(sender, user);
  for (const token of tokens) assert.equal((await world.sent(token)).length, 1);
});

test('a device that is online and confirms gets none', async () => {
  const { sender, user, token } = await world.away();
  const client = await Client.connect(world.server, user);
  for (let index = 0; index < 10; index += 1) await world.write(sender, user, `m${index}`);
  await client.received(10);
  await world.settled();
  await sleep(scale(3 * kGraceMs));
  never(token);
});

test('going offline without a message waiting gives none; the next message does', async () => {
  const { sender, user, token } = await world.away();
  const client = await Client.connect(world.server, user);
  await world.write(sender, user, 'seen');
  await client.received(1);
  client.close();
  await world.settled();
  never(token);
  await world.write(sender, user, 'not seen');
  const [{ shown }] = await world.sent(token);
  assert.equal(shown.badge[1], 2, 'seen by the device is not read by the person');
});

test('a message that was read on the laptop within the grace gives the phone none', async () => {
  const { sender, user, token } = await patient.away();
  const laptop = await patient.server.logIn(user, 'laptop');
  const client = await Client.connect(patient.server, laptop);
  const message = await patient.write(sender, user);
  await client.received(1);
  assert.deepEqual(await client.request('mark_read', { peer: sender.id, upTo: message.seq }), { ok: true });
  await patient.settled();
  never(token, patient);
});

test('a message that only reached the laptop still wakes the phone', async () => {
  const { sender, user, token } = await patient.away();
  const client = await Client.connect(patient.server, await patient.server.logIn(user, 'laptop'));
  await patient.write(sender, user);
  await client.received(1);
  await patient.sent(token, 1, 20_000);
});

test('a phone that comes within the grace and confirms gets none', async () => {
  const { sender, user, token } = await patient.away();
  await patient.write(sender, user);
  const client = await Client.connect(patient.server, user);
  await client.received(1);
  client.close();
  await patient.settled();
  never(token, patient);
});

test('fifty messages while away are one push', async () => {
  const { sender, user, token } = await patient.away();
  for (let index = 0; index < 50; index += 1) await patient.write(sender, user, `m${index}`);
  const [{ shown }] = await patient.sent(token, 1, 20_000);
  assert.equal(shown.badge[1], 50);
  await patient.settled();
  assert.equal(patient.standin.sentTo(token).length, 1);
});

test('messages after a push give another one with the same collapse key', async () => {
  const { sender, user, token } = await world.away();
  await world.write(sender, user, 'first');
  await world.sent(token, 1);
  await world.write(sender, user, 'second');
  const [one, two] = await world.sent(token, 2);
  assert.equal(one.message.android.collapse_key, two.message.android.collapse_key);
});

test('one\'s own messages wake none of one\'s devices', async () => {
  const { sender, user } = await world.away();
  const senderToken = await world.giveToken(sender);
  await world.write(sender, user);
  await world.settled();
  never(senderToken);
});

test('a client that connects and never answers is woken once it is silent', async () => {
  const { sender, user, token } = await world.away();
  const client = await Client.connect(world.server, user, { ack: () => undefined });
  await world.write(sender, user);
  await client.received(1);
  await world.sent(token, 1, 20_000);
  assert.equal(client.disconnects.length, 0, 'the session is still there');
});

test('behind a proxy that swallows everything the push comes within silence and grace', async () => {
  const { sender, user, token } = await world.away();
  const proxy = await Proxy.start(world.server.port);
  await Client.connect(world.server, user, { url: proxy.url });
  await world.write(sender, user, 'heard');
  await world.settled();
  never(token);
  proxy.swallowAnswers = true;
  await world.write(sender, user, 'swallowed');
  await world.sent(token, 1, 20_000);
  proxy.close();
});

test('with the default of 20 s a black hole delays a push by less than 30 s', async () => {
  const { sender, user, token } = await patient.away();
  const proxy = await Proxy.start(patient.server.port);
  await Client.connect(patient.server, user, { url: proxy.url });
  proxy.swallowAnswers = true;
  const start = Date.now();
  await patient.write(sender, user);
  await patient.sent(token, 1, 30_000);
  assert.ok(Date.now() - start <= scale(30_000));
  proxy.close();
});

test('a silent session that confirms again is not woken for what it confirmed', async () => {
  const { sender, user, token } = await world.away();
  let answers = false;
  const client = await Client.connect(world.server, user, { ack: () => (answers ? { ok: true } : undefined) });
  await world.write(sender, user, 'unanswered');
  await client.received(1);
  await world.sent(token, 1, 20_000);
  answers = true;
  for (const { callback } of client.events) callback?.({ ok: true });
  await world.server.expect(200, 'GET', '/devices', { token: user.token });
  await world.write(sender, user, 'answered');
  await client.received(2);
  await world.settled();
  assert.equal(world.standin.sentTo(token).length, 1);
});

test('an address that is taken back gives none', async () => {
  const { sender, user, token } = await patient.away();
  await patient.write(sender, user);
  await patient.server.expect(204, 'DELETE', `/devices/${user.device}/push`, { token: user.token });
  await patient.settled();
  never(token, patient);
});

test('logging out takes the address along, removing the device too', async () => {
  const { sender, user, token } = await world.away();
  const tablet = await world.server.logIn(user, 'tablet');
  const gone = await world.giveToken(tablet);
  await world.server.expect(204, 'DELETE', '/devices/tablet', { token: user.token });
  await world.server.expect(204, 'POST', '/logout', { token: user.token });
  await world.write(sender, user);
  await world.settled();
  never(token);
  never(gone);
});
