'use strict';
// What must happen once although it is asked of several nodes at once, and sessions that end on all nodes.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Manager } = require('socket.io-client');
const { Client, cleanUp, scale, sleep, uniqueName, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

const kMessagesPerMinute = 50;
/** A window slides: what was sent in it counts for a while after its end. */
const kLongestWaitSeconds = 120;
/** How soon the sockets of an ended session close on other nodes. */
const kEndsWithinMs = 2_000;

const unless = { skip: skip() };
let cluster;
let [one, two, three] = [];
before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start({ set: { 'limits.messages_per_minute': kMessagesPerMinute } });
  [one, two, three] = [0, 1, 2].map((index) => cluster.node(index));
});
after(async () => {
  await cleanUp();
  await cluster?.dispose();
});

/** The socket is told why, soon after `since`, and its original client stays away. */
async function endsFor(client, reason, since) {
  assert.deepEqual(await client.event('session_expired'), { reason });
  const took = client.events.find((event) => event.name === 'session_expired').at - since;
  assert.ok(took <= scale(kEndsWithinMs), `${reason} after ${took} ms`);
  await until(() => client.disconnects.length > 0, 'the disconnect');
  assert.deepEqual(client.disconnects, ['io server disconnect']);
  assert.equal(client.all('ready').length, 1);
}
const refresh = (node, refreshToken) => node.call('POST', '/refresh', { body: { refreshToken } });
const texts = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`);

describe('a session that ends on one node ends on all', unless, () => {
  test('logout', async () => {
    const anna = await one.register();
    const other = await two.logIn(anna, 'other');
    const mine = [await Client.connect(one, anna), await Client.connect(two, anna, { auth: { device: 'extra' } })];
    const others = await Client.connect(two, other);
    const since = Date.now();
    await three.expect(204, 'POST', '/logout', { token: anna.token });
    for (const client of mine) await endsFor(client, 'logout', since);
    assert.equal(others.socket.connected, true);
    for (const node of [one, two, three]) {
      await node.expect(401, 'GET', '/me', { token: anna.token });
      await node.expect(200, 'GET', '/me', { token: other.token });
      assert.equal((await refresh(node, anna.refreshToken)).status, 401);
    }
  });

  test('a changed password', async () => {
    const anna = await one.register();
    const others = [await two.logIn(anna, 'second'), await three.logIn(anna, 'third')];
    const mine = await Client.connect(one, anna);
    const clients = [await Client.connect(one, others[0]), await Client.connect(two, others[1])];
    const since = Date.now();
    await three.expect(204, 'POST', '/me/password', { token: anna.token, body: { password: anna.password, newPassword: 'a new password' } });
    for (const client of clients) await endsFor(client, 'password_changed', since);
    assert.equal(mine.socket.connected, true);
    for (const node of [one, two, three]) {
      await node.expect(401, 'GET', '/me', { token: others[0].token });
      await node.expect(401, 'POST', '/login', { body: { username: anna.username, password: anna.password } });
    }
    await two.expect(200, 'POST', '/login', { body: { username: anna.username, password: 'a new password' } });
  });

  test('a removed device', async () => {
    const anna = await one.register();
    const other = await one.logIn(anna, 'other');
    const others = await Client.connect(two, other);
    const since = Date.now();
    await three.expect(204, 'DELETE', '/devices/other', { token: anna.token });
    await endsFor(others, 'device_removed', since);
    for (const node of [one, two, three]) {
      const back = new Client(node, other).open();
      assert.deepEqual((await back.refusal()).data, { code: 'unauthorized', reason: 'revoked' });
    }
  });

  test('a session that another one revokes', async () => {
    const anna = await one.register();
    const other = await two.logIn(anna, 'other');
    const others = await Client.connect(two, other);
    const { sessions } = await three.expect(200, 'GET', '/sessions', { token: anna.token });
    const target = sessions.find((each) => each.device === 'other');
    const since = Date.now();
    await one.expect(204, 'DELETE', `/sessions/${target._id}`, { token: anna.token });
    await endsFor(others, 'revoked', since);
  });

  test('of two sockets of one device on two nodes the younger one stays', async () => {
    const anna = await one.register();
    let older = await Client.connect(one, anna);
    for (const node of [two, three, one, two]) {
      const since = Date.now();
      const younger = await Client.connect(node, anna);
      await endsFor(older, 'replaced', since);
      assert.equal(younger.socket.connected, true);
      older = younger;
    }
  });

  test('a CONNECT that comes late on an older handshake drives nobody away who came later at another node', async () => {
    const anna = await one.register();
    const manager = new Manager(one.url, { transports: ['websocket'] });
    await new Promise((done) => manager.once('open', done));
    const younger = await Client.connect(two, anna);
    const late = manager.socket('/', { auth: { token: anna.token } });
    let away = false;
    late.on('disconnect', (reason) => (away = reason === 'io server disconnect'));
    try {
      await until(() => away, 'the older one to be sent away');
      await until(() => younger.socket.connected, 'the younger one');
      assert.deepEqual(younger.all('session_expired'), []);
    } finally {
      late.disconnect();
    }
  });

  test('a login that names the device of a live socket', async () => {
    const anna = await one.register();
    const mine = await Client.connect(one, anna);
    const since = Date.now();
    const again = await two.logIn(anna, anna.device);
    await endsFor(mine, 'replaced', since);
    for (const node of [one, two, three]) await node.expect(401, 'GET', '/me', { token: anna.token });
    await Client.connect(three, again);
  });
});

describe('asked of several nodes at once', unless, () => {
  test('one client id is one message with identical answers', async () => {
    const [anna, bert] = await one.friends();
    const clients = [await Client.connect(one, anna), await Client.connect(two, await two.logIn(anna, 'laptop'))];
    const berts = await Client.connect(three, bert);
    const identity = ({ message }) => [message._id, message.seq, message.timestamp, message.content, message.clientId];
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(clients.map((client) => client.send(bert, `text ${round}`, `id-${round}`)));
      assert.deepEqual(answers.map(({ ok }) => ok), [true, true], JSON.stringify(answers));
      assert.deepEqual(identity(answers[0]), identity(answers[1]));
      assert.equal(answers.filter(({ duplicate }) => !duplicate).length, 1, JSON.stringify(answers));
    }
    await berts.received(20);
    assert.deepEqual(berts.texts, Array.from({ length: 20 }, (_, index) => `text ${index}`));
    for (const node of [one, two, three]) assert.deepEqual((await node.history(bert, anna)).map(({ seq }) => seq), Array.from({ length: 20 }, (_, index) => 20 - index));
  });

  test('one user name is one account', async () => {
    for (let round = 0; round < 8; round += 1) {
      const username = uniqueName('same');
      const bodies = ['a', 'b'].map((who) => ({ username, email: `${username}.${who}@example.org`, password: `password of ${who}` }));
      const answers = await Promise.all(bodies.map((body, index) => [one, two][index].call('POST', '/register', { body })));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409], JSON.stringify(answers.map(({ body }) => body)));
      const winner = answers.findIndex(({ status }) => status === 201);
      const [mine, theirs] = [bodies[winner], bodies[1 - winner]].map(({ password }) => ({ username, password }));
      await three.expect(200, 'POST', '/login', { body: mine });
      await three.expect(401, 'POST', '/login', { body: theirs });
    }
  });

  test('of two children of one refresh token, presented on two nodes, only one is accepted', async () => {
    for (let round = 0; round < 8; round += 1) {
      const anna = await three.register();
      const children = await Promise.all([refresh(one, anna.refreshToken), refresh(two, anna.refreshToken)]);
      assert.deepEqual(children.map(({ status }) => status), [200, 200], 'a token may be repeated until a child of it was used');
      assert.notEqual(children[0].body.refreshToken, children[1].body.refreshToken);
      for (const { body } of children) await three.expect(200, 'GET', '/me', { token: body.accessToken });
      const used = await Promise.all(children.map(({ body }, index) => refresh([one, two][index], body.refreshToken)));
      assert.deepEqual(used.map(({ status }) => status).sort(), [200, 401], `round ${round}`);
      const { body } = used.find(({ status }) => status === 200);
      for (const node of [three, one, two]) assert.equal((await refresh(node, body.refreshToken)).status, 401, 'the re-use has ended the session');
    }
  });

  test(`a user with devices on two nodes sends no more than ${kMessagesPerMinute} messages a minute`, async () => {
    const [anna, bert] = await one.friends();
    const clients = [await Client.connect(one, anna), await Client.connect(two, await two.logIn(anna, 'laptop'))];
    const berts = await Client.connect(three, bert);
    const started = Date.now();
    const count = kMessagesPerMinute * 2;
    const answers = await Promise.all(Array.from({ length: count }, (_, index) => clients[index % 2].send(bert, `message ${index}`)));
    assert.ok(Date.now() - started < 60_000, 'the machine is too slow for this test');
    const refused = answers.filter(({ ok }) => !ok);
    assert.equal(count - refused.length, kMessagesPerMinute, JSON.stringify(refused[0]));
    assert.ok(refused.every(({ error }) => error.code === 'rate_limited' && error.retryAfter >= 1 && error.retryAfter <= kLongestWaitSeconds), JSON.stringify(refused[0]));
    await berts.received(kMessagesPerMinute);
    for (const node of [one, two, three]) {
      const http = await node.call('POST', '/messages', { token: anna.token, body: { recipient: bert.id, content: 'over HTTP' } });
      assert.equal(http.status, 429);
    }
  });

  test('messages of two devices on two nodes are numbered without a hole, in the order in which each device sent them', async () => {
    const [anna, bert] = await one.friends();
    const clients = [await Client.connect(one, anna), await Client.connect(two, bert)];
    const watchers = [await Client.connect(three, await three.logIn(anna, 'watch')), await Client.connect(three, await three.logIn(bert, 'watch'))];
    const count = 20;
    const answers = await Promise.all(clients.map((client, side) => Promise.all(texts(1, count).map((text) => client.sent([bert, anna][side], `${side} ${text}`)))));
    for (const own of answers) assert.ok(own.every((message, index) => index === 0 || message.seq > own[index - 1].seq));
    assert.deepEqual(answers.flat().map(({ seq }) => seq).sort((left, right) => left - right), Array.from({ length: 2 * count }, (_, index) => index + 1));
    for (const watcher of watchers) {
      await watcher.received(2 * count);
      assert.deepEqual(watcher.messages.map(({ seq }) => seq), Array.from({ length: 2 * count }, (_, index) => index + 1));
      assert.ok(watcher.messages.every(({ position }, index, all) => index === 0 || position > all[index - 1].position));
    }
  });
});

describe('a device that moves to another node', unless, () => {
  test('resumes by (epoch, position), with an epoch that any node gave, also after restarts', async () => {
    const [anna, bert] = await one.friends();
    const senders = [];
    for (const [index, node] of [one, two, three].entries()) senders.push(await Client.connect(node, await node.logIn(anna, `d${index}`)));
    let berts = await Client.connect(one, bert);
    let sent = 0;
    for (const node of [two, three, one, two]) {
      for (const sender of senders) await sender.sent(bert, `m${(sent += 1)}`);
      await until(() => berts.texts.at(-1) === `m${sent}`, 'all of them');
      const { epoch } = berts.all('ready')[0];
      const { position } = berts.messages.at(-1);
      const device = () => node.device(bert);
      await until(async () => (await device()).position >= position, 'the position, on the next node');
      berts.close();
      if (sent > 6) await cluster.restart(cluster.nodes.indexOf(node));
      await until(() => senders.every((sender) => sender.socket.connected), 'the senders to be back');
      for (const sender of senders) await sender.sent(bert, `m${(sent += 1)}`);
      berts = await Client.connect(node, bert, { auth: { epoch, position } });
      const [ready] = berts.all('ready');
      assert.deepEqual([ready.recovered, ready.reset, ready.position], [true, false, position], JSON.stringify(ready));
      await berts.event('drained');
      assert.deepEqual(berts.texts, texts(sent - 2, sent));
    }
  });

  test('without a position goes on where it confirmed, and an older position delivers again', async () => {
    const [anna, bert] = await two.friends();
    const annas = await Client.connect(one, anna);
    const berts = await Client.connect(two, bert);
    for (const text of texts(1, 5)) await annas.sent(bert, text);
    await berts.received(5);
    const { epoch } = berts.all('ready')[0];
    const [, second] = berts.messages;
    await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 5);
    berts.close();
    await annas.sent(bert, 'm6');
    const again = await Client.connect(three, bert, { auth: { epoch, position: second.position } });
    await again.event('drained');
    assert.deepEqual(again.texts, texts(3, 6));
    again.close();
    await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 6);
    const plain = await Client.connect(one, bert);
    await plain.event('drained');
    assert.deepEqual(plain.texts, []);
    await sleep(100);
    assert.deepEqual(plain.all('ready').map(({ reset }) => reset), [false]);
  });
});
