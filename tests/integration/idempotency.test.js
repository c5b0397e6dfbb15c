'use strict';
// One client id is one message, for ever.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, sleep, kTransports } = require('./harness');

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

const identity = ({ message }) => [message._id, message.seq, message.timestamp, message.content, message.clientId];

test('the same client id from two devices at once is one message with identical answers', async () => {
  const [anna, bert] = await server.friends();
  const phone = await Client.connect(server, anna);
  const laptop = await Client.connect(server, await server.logIn(anna, 'laptop'));
  const berts = await Client.connect(server, bert);
  for (let round = 0; round < 25; round += 1) {
    const [left, right, third] = await Promise.all([phone, laptop, phone].map((client) => client.send(bert, `text ${round}`, `id-${round}`)));
    assert.deepEqual(identity(left), identity(right));
    assert.deepEqual(identity(left), identity(third));
    assert.equal([left, right, third].filter((answer) => !answer.duplicate).length, 1);
    assert.deepEqual(new Set([left, right, third].map((answer) => answer.status)), new Set(['sent']));
  }
  await berts.received(25);
  await sleep(100);
  assert.equal(berts.messages.length, 25);
  assert.deepEqual((await server.history(bert, anna)).map((message) => message.seq), Array.from({ length: 25 }, (_, index) => 25 - index));
});

test('a repeat is answered alike after a restart, over every transport and over HTTP', async () => {
  const own = await Server.start();
  try {
    const [anna, bert] = await own.friends();
    const first = await Client.connect(own, anna);
    const answer = await first.send(bert, 'once and for all', 'k1');
    first.close();
    await own.restart();
    for (const [name, options] of Object.entries(kTransports)) {
      const client = await Client.connect(own, anna, options);
      const again = await client.send(bert, 'once and for all', 'k1');
      assert.deepEqual(identity(again), identity(answer), name);
      assert.equal(again.duplicate, true);
      client.close();
    }
    const http = await own.expect(200, 'POST', '/messages', { token: anna.token, body: { recipient: bert.id, content: 'once and for all', clientId: 'k1' } });
    assert.deepEqual(identity(http), identity(answer));
    await own.kill();
    await own.boot();
    const last = await Client.connect(own, await own.logIn(anna, 'other'));
    assert.deepEqual(identity(await last.send(bert, 'once and for all', 'k1')), identity(answer), 'a new login is the same sender');
    assert.equal((await own.history(bert, anna)).length, 1);
  } finally {
    await own.dispose();
  }
});

test('the same client id with another body is a conflict and changes nothing', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  await annas.sent(bert, 'the first body', 'k');
  const refused = await annas.send(bert, 'another body', 'k');
  assert.equal(refused.ok, false);
  assert.equal(refused.error.code, 'conflict');
  await server.expect(409, 'POST', '/messages', { token: anna.token, body: { recipient: bert.id, content: 'another body', clientId: 'k' } });
  assert.deepEqual((await server.history(anna, bert)).map((message) => message.content), ['the first body']);
});

test('a client id belongs to one sender and one recipient', async () => {
  const [anna, bert] = await server.friends();
  const carl = await server.register();
  await server.befriend(anna, carl);
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  const ids = new Set();
  for (const [client, peer] of [[annas, bert], [annas, carl], [berts, anna]]) ids.add((await client.sent(peer, 'the same words', 'k'))._id);
  assert.equal(ids.size, 3);
});

test('sends without a client id are messages of their own', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const [one, two] = [await annas.sent(bert, 'twice'), await annas.sent(bert, 'twice')];
  assert.notEqual(one._id, two._id);
  assert.equal('clientId' in one, false);
});
