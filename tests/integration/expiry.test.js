'use strict';
// What no device confirms within its life expires: its author and its recipient are told, whoever is online when.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, sleep, until } = require('./harness');

const kLifeSeconds = 2;

let server;
before(async () => {
  server = await Server.start({ set: { 'delivery.expiry_seconds': kLifeSeconds } });
});
after(() => cleanUp(server));

const expiredOf = (message) => (event) => event.messageId === message._id && event.status === 'failed' && event.reason === 'expired';
const gapOf = (message) => (event) => event._id === message._id && event.reason === 'expired';

async function statusOf(user, peer, message) {
  return (await server.history(user, peer)).find((each) => each._id === message._id);
}
/** Confirms nothing. */
const kSilent = { ack: () => undefined };

test('an author who is online is told, a recipient who comes later sees the gap named and never the message', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'nobody comes for this', 'mine-1');
  const told = await author.event('message_status', expiredOf(message));
  assert.deepEqual(told, { peer: bert.id, status: 'failed', reason: 'expired', messageId: message._id });

  const late = await Client.connect(server, bert);
  const gap = await late.event('message_removed', gapOf(message));
  assert.deepEqual(gap, { _id: message._id, peer: anna.id, seq: message.seq, reason: 'expired' });
  await late.event('drained');
  assert.deepEqual(late.messages, []);

  const own = await statusOf(anna, bert, message);
  assert.equal(own.status, 'failed');
  assert.equal(own.reason, 'expired');
  assert.equal(own.content, 'nobody comes for this');
  assert.equal(own.clientId, 'mine-1');
  const theirs = await statusOf(bert, anna, message);
  assert.equal(theirs.status, 'failed');
  assert.equal(theirs.content, '');
  const repeat = await author.send(bert, 'nobody comes for this', 'mine-1');
  assert.equal(repeat.duplicate, true, 'a repeat is still the same message');
  assert.equal(repeat.message._id, message._id);

  const next = await author.sent(bert, 'the next one');
  await author.event('message_status', (event) => event.status === 'delivered' && event.messageId === next._id);
  assert.equal((await statusOf(anna, bert, message)).status, 'failed', 'a watermark above it changes nothing');
});

test('an author who is away is told when it comes back', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'x');
  author.close();
  await until(async () => (await statusOf(anna, bert, message)).status === 'failed', 'the expiry');
  const back = await Client.connect(server, anna);
  await back.event('message_status', expiredOf(message));
});

test('what was under way when it expired stays failed, and its late confirmation makes no receipt', async () => {
  const [anna, bert] = await server.friends();
  const recipient = await Client.connect(server, bert, kSilent);
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'never confirmed in time');
  await recipient.received(1);
  await author.event('message_status', expiredOf(message));
  await recipient.event('message_removed', gapOf(message));
  recipient.events.find((event) => event.name === 'receive_message').callback({ ok: true });
  await until(async () => (await server.device(bert)).position >= 1, 'the position');
  recipient.ack = { ok: true };
  const next = await author.sent(bert, 'confirmed');
  await author.event('message_status', (event) => event.status === 'delivered');
  assert.deepEqual(author.all('message_status').filter((event) => event.status === 'delivered').map((event) => event.messageId), [next._id]);
  assert.equal((await statusOf(anna, bert, message)).status, 'failed');
});

test('what was confirmed or read does not expire', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const reader = await Client.connect(server, bert, kSilent);
  const seen = await author.sent(bert, 'read without a confirmation');
  await server.expect(204, 'POST', `/conversations/${anna.id}/read`, { token: bert.token, body: { upTo: seen.seq } });
  reader.close();
  const phone = await Client.connect(server, bert);
  await phone.received(1);
  const stored = await author.sent(bert, 'confirmed');
  await author.event('message_status', (event) => event.status === 'delivered' && event.messageId === stored._id);
  phone.close();
  const waits = await author.sent(bert, 'not confirmed');
  await author.event('message_status', expiredOf(waits));
  assert.equal((await statusOf(anna, bert, seen)).status, 'read');
  assert.equal((await statusOf(anna, bert, stored)).status, 'delivered');
});

test('a restart in between loses no expiry', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'x');
  author.close();
  await server.kill();
  await sleep(kLifeSeconds * 1000);
  await server.boot();
  const back = await Client.connect(server, anna);
  await back.event('message_status', expiredOf(message));
  const late = await Client.connect(server, bert);
  await late.event('message_removed', gapOf(message));
});

test('pending numbers go down, and every ending is counted', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'x');
  await author.event('message_status', expiredOf(message));
  await until(async () => (await server.metric('restante_pending_messages')) === 0, 'nothing pending');
  const page = await server.metrics();
  assert.match(page, /restante_messages_total\{outcome="expired"\} [1-9]/);
  for (const outcome of ['accepted', 'delivered', 'read', 'expired', 'unreadable', 'skipped']) {
    assert.match(page, new RegExp(`restante_messages_total\\{outcome="${outcome}"\\} \\d`));
  }
  assert.match(page, /^restante_undelivered_age_seconds /m);
});

test('with an expiry of 0 nothing expires, and the oldest that waits has its age', async () => {
  const eternal = await Server.start({ set: { 'delivery.expiry_seconds': 0 } });
  try {
    const [anna, bert] = await eternal.friends();
    const author = await Client.connect(eternal, anna);
    const message = await author.sent(bert, 'x');
    await sleep(1500);
    await eternal.restart();
    await until(async () => (await eternal.metric('restante_undelivered_age_seconds')) > 1, 'an age');
    const late = await Client.connect(eternal, bert);
    assert.equal((await late.received(1))[0]._id, message._id);
  } finally {
    await eternal.dispose();
  }
});
