'use strict';
// Confirmations in every form, watermarks, and what the other devices are told.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, kTransports, sleep, until } = require('./harness');

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

const texts = (count) => Array.from({ length: count }, (_, index) => `m${index + 1}`);
async function backlog(count) {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  for (const text of texts(count)) await annas.sent(bert, text);
  return { anna, bert, annas };
}
const deliveredUpTo = (client) => client.all('message_status').filter((event) => event.status === 'delivered').reduce((top, event) => Math.max(top, event.upTo), 0);

test('a batching client gets a backlog in batches that cover every position', async () => {
  const { bert, annas } = await backlog(300);
  const berts = await Client.connect(server, bert, { auth: { batch: true } });
  await berts.event('drained');
  assert.deepEqual(berts.texts, texts(300));
  const batches = berts.all('receive_batch');
  assert.equal(berts.all('receive_message').length, 0);
  let next = berts.all('ready')[0].position + 1;
  for (const { from, to, entries } of batches) {
    assert.equal(from, next);
    assert.ok(entries.length <= 256);
    assert.ok(entries.every((entry) => entry.position >= from && entry.position <= to));
    for (const { kind } of entries) assert.ok(['message', 'status', 'read', 'relation', 'failed'].includes(kind), kind);
    next = to + 1;
  }
  assert.equal(next - 1, berts.all('ready')[0].head);
  assert.equal(batches.flatMap((batch) => batch.entries).some((entry) => entry.kind === 'relation' && entry.data.event === 'friend_accepted'), true);
  await until(() => deliveredUpTo(annas) === 300, 'delivered up to 300');
});

test('no batch is larger than 64 KiB on the wire, however many escapes are in it', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const long = [...'x"'].flatMap((letter) => Array.from({ length: 20 }, () => letter.repeat(8192)));
  for (const text of long) await annas.sent(bert, text);
  const berts = new Client(server, bert, { auth: { batch: true } });
  const sizes = [];
  berts.open().socket.io.engine.on('packet', ({ type, data }) => {
    if (type === 'message' && data.includes('"receive_batch"')) sizes.push(Buffer.byteLength(data) + 1);
  });
  await berts.event('drained');
  assert.deepEqual(berts.texts, long);
  assert.equal(sizes.length, berts.all('receive_batch').length);
  assert.ok(Math.max(...sizes) <= 64 * 1024, `${sizes}`);
  assert.ok(Math.max(...sizes) > 48 * 1024, `batches are filled: ${sizes}`);
});

test('an unanswered batch confirms nothing and comes again', async () => {
  const { bert, annas } = await backlog(20);
  const silent = await Client.connect(server, bert, { auth: { batch: true }, ack: () => undefined });
  await silent.received(20);
  silent.close();
  await sleep(100);
  assert.equal(deliveredUpTo(annas), 0);
  const back = await Client.connect(server, bert, { auth: { batch: true } });
  await back.event('drained');
  assert.deepEqual(back.texts, texts(20));
  await until(() => deliveredUpTo(annas) === 20, 'delivered up to 20');
});

// The original client answers through whatever connection it has by then, with the number of the event on the old one.
test('an answer that comes after a reconnection confirms nothing else', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const first = await Client.connect(server, bert);
  await first.event('drained');
  first.close();
  const stored = new Set(['m1']);
  const berts = await Client.connect(server, bert, { ack: ({ content }) => (stored.has(content) ? { ok: true } : undefined) });
  const answerTo = (content, which) => berts.events.filter(({ data }) => data.content === content)[which].callback({ ok: true });
  await annas.sent(bert, 'm1');
  await until(() => deliveredUpTo(annas) === 1, 'delivered up to 1');
  await annas.sent(bert, 'm2');
  await berts.received(2);
  berts.socket.io.engine.close();
  await annas.sent(bert, 'm3');
  await until(() => berts.texts.join() === 'm1,m2,m2,m3', 'm2 again, and m3');
  answerTo('m2', 0);
  answerTo('m2', 1);
  await until(() => deliveredUpTo(annas) === 2, 'delivered up to 2');
  await sleep(300);
  assert.equal(deliveredUpTo(annas), 2, 'm3 is not stored');
  berts.socket.io.engine.close();
  await until(() => berts.texts.join() === 'm1,m2,m2,m3,m3', 'm3 again');
  answerTo('m3', 1);
  await until(() => deliveredUpTo(annas) === 3, 'delivered up to 3');
});

test('a batching client gets live messages too', async () => {
  const { bert, annas } = await backlog(1);
  const berts = await Client.connect(server, bert, { auth: { batch: true } });
  await berts.event('drained');
  await annas.sent(bert, 'live');
  await berts.received(2);
  assert.deepEqual(berts.texts, ['m1', 'live']);
});

for (const [transport, options] of Object.entries(kTransports)) {
  test(`confirm: "heartbeat" confirms what a client without callbacks was sent (${transport})`, async () => {
    const { bert, annas } = await backlog(70);
    const berts = await Client.connect(server, bert, { ...options, auth: { confirm: 'heartbeat' }, ack: () => undefined });
    await berts.received(70);
    await until(() => deliveredUpTo(annas) === 70, 'delivered up to 70');
    assert.deepEqual(berts.texts, texts(70));
    berts.close();
    const back = await Client.connect(server, bert);
    await back.event('drained');
    assert.deepEqual(back.texts, []);
  });
}

test('a client that never answers gets no second tick for its author', async () => {
  const { bert, annas } = await backlog(3);
  const silent = await Client.connect(server, bert, { ack: () => undefined });
  await silent.received(3);
  await sleep(300);
  assert.equal(deliveredUpTo(annas), 0);
});

test('answers out of order are kept: delivered grows only with the contiguous run', async () => {
  const { bert, annas } = await backlog(5);
  const held = new Map();
  const berts = await Client.connect(server, bert, { ack: (message, callback) => void held.set(message.content, callback) });
  await berts.received(5);
  for (const text of ['m5', 'm3', 'm2']) held.get(text)({ ok: true });
  await sleep(200);
  assert.equal(deliveredUpTo(annas), 0);
  held.get('m1')();
  await until(() => deliveredUpTo(annas) === 3, 'delivered up to 3');
  held.get('m4')('any answer but {ok: false} confirms');
  await until(() => deliveredUpTo(annas) === 5, 'delivered up to 5');
});

test('{ok: false} does not confirm; the message comes again at the next connection, not before', async () => {
  const { bert, annas } = await backlog(3);
  const refuse = (message) => ({ ok: message.content !== 'm2' });
  const berts = await Client.connect(server, bert, { ack: refuse });
  await berts.received(3);
  await annas.sent(bert, 'm4');
  await berts.received(4);
  await sleep(200);
  assert.deepEqual(berts.texts, texts(4));
  assert.equal(deliveredUpTo(annas), 1);
  berts.close();
  const back = await Client.connect(server, bert);
  await back.event('drained');
  assert.equal(back.texts[0], 'm2');
  await until(() => deliveredUpTo(annas) === 4, 'delivered up to 4');
});

test('sync checks a position again and moves the pump', async () => {
  const { bert } = await backlog(4);
  const berts = await Client.connect(server, bert, { ack: (message) => ({ ok: message.content !== 'm3' }) });
  await berts.received(4);
  const { epoch } = berts.all('ready')[0];
  const second = berts.messages[1].position;
  await until(async () => (await server.device(bert)).position >= second, 'the position');
  berts.ack = { ok: true };
  const answer = await berts.request('sync', { epoch, position: second });
  assert.deepEqual([answer.ok, answer.epoch], [true, epoch]);
  assert.ok(answer.head >= berts.messages[3].position);
  assert.ok(!answer.reset);
  await until(() => berts.texts.filter((text) => text === 'm3').length === 2, 'm3 again');
  const wrong = await berts.request('sync', { epoch: '0'.repeat(epoch.length), position: second });
  assert.equal(wrong.ok, true);
  assert.equal(wrong.reset, true);
});

test('mark_read is clamped to the last message, covers all before it, and implies delivered', async () => {
  const { anna, bert, annas } = await backlog(4);
  const berts = await Client.connect(server, bert, { ack: () => undefined });
  await berts.received(4);
  for (const upTo of [1.5, -(2 ** 64), NaN]) {
    assert.equal((await berts.request('mark_read', { peer: anna.id, upTo })).error.field, 'upTo');
  }
  assert.deepEqual(await berts.request('mark_read', { peer: anna.id, upTo: 4_000_000 }), { ok: true });
  for (const upTo of [2 ** 64, 1e21, Number.MAX_VALUE]) {
    assert.deepEqual(await berts.request('mark_read', { peer: anna.id, upTo }), { ok: true });
    await server.expect(204, 'POST', `/conversations/${anna.id}/read`, { token: bert.token, body: { upTo } });
  }
  const read = await annas.event('message_status', (event) => event.status === 'read');
  assert.equal(read.upTo, 4);
  assert.deepEqual((await server.history(anna, bert)).map((message) => message.status), ['read', 'read', 'read', 'read']);
});

test('a lower mark_read is answered but told to nobody', async () => {
  const { anna, bert, annas } = await backlog(4);
  const berts = await Client.connect(server, bert);
  await berts.received(4);
  await berts.request('mark_read', { peer: anna.id, upTo: 3 });
  await annas.event('message_status', (event) => event.status === 'read' && event.upTo === 3);
  annas.clear();
  for (const upTo of [1, 3]) assert.deepEqual(await berts.request('mark_read', { peer: anna.id, upTo }), { ok: true });
  await sleep(200);
  assert.deepEqual(annas.all('message_status').filter((event) => event.status === 'read'), []);
});

test('mark_read by message id, and over HTTP', async () => {
  const { anna, bert, annas } = await backlog(3);
  const berts = await Client.connect(server, bert);
  await berts.received(3);
  assert.equal((await berts.request('mark_read', { messageId: berts.messages[1]._id })).ok, true);
  await annas.event('message_status', (event) => event.status === 'read' && event.upTo === 2);
  await server.expect(204, 'POST', `/conversations/${anna.id}/read`, { token: bert.token, body: { upTo: 3 } });
  await annas.event('message_status', (event) => event.status === 'read' && event.upTo === 3);
});

test('the upTo of a receipt is the newest own message it covers', async () => {
  const { anna, bert, annas } = await backlog(1);
  const berts = await Client.connect(server, bert);
  await berts.received(1);
  const own = await berts.sent(anna, 'number two');
  await annas.received(1);
  assert.equal(own.seq, 2);
  await berts.request('mark_read', { peer: anna.id, upTo: 2 });
  const read = await annas.event('message_status', (event) => event.status === 'read');
  assert.deepEqual([read.upTo, read.messageId], [1, (await server.history(anna, bert))[1]._id]);
});

test('the other devices of the reader learn what was read', async () => {
  const { anna, bert, annas } = await backlog(2);
  // Both devices exist before either confirms: a new one starts where the most advanced one is.
  const laptopUser = await server.logIn(bert, 'laptop');
  const phone = await Client.connect(server, bert);
  const laptop = await Client.connect(server, laptopUser);
  await phone.received(2);
  await laptop.received(2);
  await phone.request('mark_read', { peer: anna.id, upTo: 2 });
  assert.deepEqual(await laptop.event('conversation_read'), { peer: anna.id, upTo: 2 });
  await annas.event('message_status', (event) => event.status === 'read');
  await sleep(100);
  assert.deepEqual(phone.all('conversation_read'), []);
  const { conversations } = await server.expect(200, 'GET', '/conversations', { token: bert.token });
  assert.equal(conversations[0].unread, 0);
});

test('all devices of the author get the ticks, and a device that was away gets the newest', async () => {
  const [anna, bert] = await server.friends();
  const phone = await Client.connect(server, anna);
  const laptopUser = await server.logIn(anna, 'laptop');
  const laptop = await Client.connect(server, laptopUser);
  const berts = await Client.connect(server, bert);
  await phone.sent(bert, 'one');
  await phone.event('message_status', (event) => event.status === 'delivered');
  await laptop.event('message_status', (event) => event.status === 'delivered');
  laptop.close();
  for (const text of ['two', 'three', 'four']) await phone.sent(bert, text);
  await berts.received(4);
  await berts.request('mark_read', { peer: anna.id, upTo: 4 });
  await phone.event('message_status', (event) => event.status === 'read' && event.upTo === 4);
  const back = await Client.connect(server, laptopUser);
  await back.event('message_status', (event) => event.status === 'read' && event.upTo === 4);
  assert.ok(back.all('message_status').filter((event) => event.status === 'read').length === 1);
});

test('batches follow each other without a gap where own entries and superseded receipts were passed over', async () => {
  const [anna, bert] = await server.friends();
  await server.logIn(anna, 'laptop');  // with a second device own messages are entries too
  const annas = await Client.connect(server, anna, { auth: { batch: true } });
  const berts = await Client.connect(server, bert);
  await annas.event('drained');
  for (let index = 0; index < 20; index += 1) {
    await annas.sent(bert, `from anna ${index}`);
    if (index % 4 === 0) await berts.sent(anna, `from bert ${index}`);
  }
  await annas.received(5);
  annas.close();
  const laptop = await Client.connect(server, await server.logIn(anna, 'laptop'));
  for (let index = 0; index < 60; index += 1) await laptop.sent(bert, `from the laptop ${index}`);
  await berts.received(80);
  await laptop.event('message_status', (event) => event.upTo === (berts.messages[79].seq));
  const back = await Client.connect(server, anna, { auth: { batch: true } });
  await back.event('drained');
  await berts.sent(anna, 'the last one');
  await until(() => back.texts.includes('the last one'), 'the last one');
  for (const client of [annas, back]) {
    let next = client.all('ready')[0].position + 1;
    for (const { from, to } of client.all('receive_batch')) {
      assert.equal(from, next);
      next = to + 1;
    }
  }
});

test('a message that a client never confirms is given up for its device after ten sessions and blocks nothing', async () => {
  const own = await Server.start({ set: {
    'delivery.silent_ms': 200, 'delivery.unconfirmed_ms': 400, 'server.ping_interval_ms': 150, 'server.ping_timeout_ms': 2000,
  } });
  try {
    const [anna, bert] = await own.friends();
    const annas = await Client.connect(own, anna);
    for (const text of ['before', 'poison', 'after', 'last']) await annas.sent(bert, text);
    const berts = new Client(own, bert, { ack: (message) => (message.content === 'poison' ? undefined : { ok: true }) }).open();
    await berts.event('drained', () => true, 30_000);
    assert.equal(berts.all('ready').length, 11);
    assert.deepEqual(berts.texts.slice(-2), ['after', 'last']);
    assert.ok(berts.disconnects.every((reason) => reason !== 'io server disconnect'), 'it returns by itself');
    await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 4);
    for (const [user, peer] of [[anna, bert], [bert, anna]]) {
      assert.deepEqual((await own.history(user, peer)).map((message) => message.status), ['delivered', 'delivered', 'sent', 'delivered']);
    }
    assert.equal((await own.history(bert, anna))[2].content, 'poison', 'it is still in the history');
    assert.deepEqual(annas.all('message_status').filter((event) => event.status === 'failed'), [], 'nothing has failed');
  } finally {
    await own.dispose();
  }
});
