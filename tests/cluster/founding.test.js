'use strict';
// The four test cases of the founding document, presence, typing and friendships, with everybody on a node of their own.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Client, Proxy, cleanUp, kTransports, scale, sleep, uniqueName, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

/** Long enough for something that must not come to have come. */
const kNothingComesMs = 1000;
const kGraceMs = 5_000;
/** How long a node may say nothing until others take it for dead. */
const kLeaseMs = 20_000;

const unless = { skip: skip() };
let cluster;
let [one, two, three] = [];
before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start();
  [one, two, three] = [0, 1, 2].map((index) => cluster.node(index));
});
after(async () => {
  await cleanUp();
  await cluster?.dispose();
});

const friendOf = async (node, user, friend) => (await node.expect(200, 'GET', '/friends', { token: user.token })).friends.find((each) => each._id === friend.id);
const comesOnline = (node, user, friend) => until(async () => (await friendOf(node, user, friend))?.isOnline, `${friend.username} online on another node`);

describe('the founding test cases', unless, () => {
  for (const [transport, how] of Object.entries(kTransports)) {
    test(`1: both online, the message appears and its status goes sent, delivered, read (${transport})`, async () => {
      const [anna, bert] = await one.friends();
      const annas = await Client.connect(one, anna, how);
      const berts = await Client.connect(two, bert, how);
      await comesOnline(one, anna, bert);
      const answer = await annas.send(bert, 'hello', 'first');
      assert.deepEqual([answer.ok, answer.status, answer.online, answer.duplicate], [true, 'sent', true, false], JSON.stringify(answer));
      assert.deepEqual([answer.message.status, answer.message.clientId, 'position' in answer.message], ['sent', 'first', false]);
      const [message] = await berts.received(1);
      assert.deepEqual([message._id, message.content, message.sender, message.recipient], [answer.message._id, 'hello', anna.id, bert.id]);
      const delivered = await annas.event('message_status', (event) => event.status === 'delivered');
      assert.deepEqual([delivered.peer, delivered.upTo, delivered.messageId], [bert.id, message.seq, message._id]);
      assert.deepEqual(await berts.request('mark_read', { peer: anna.id, upTo: message.seq }), { ok: true });
      const read = await annas.event('message_status', (event) => event.status === 'read');
      assert.deepEqual([read.peer, read.upTo, read.messageId], [bert.id, message.seq, message._id]);
      for (const node of [one, two, three]) {
        const [stored] = await node.history(anna, bert);
        assert.equal(stored.status, 'read');
        assert.ok(stored.deliveredAt <= stored.readAt);
      }
    });

    test(`2: recipient offline, one tick until the recipient comes (${transport})`, async () => {
      const [anna, bert] = await two.friends();
      const annas = await Client.connect(one, anna, how);
      const answer = await annas.send(bert, 'are you there?');
      assert.equal(answer.online, false);
      for (const node of [one, two, three]) assert.equal((await node.history(anna, bert))[0].status, 'sent');
      await sleep(100);
      assert.deepEqual(annas.all('message_status'), []);
      const berts = await Client.connect(three, bert, how);
      const [message] = await berts.received(1);
      assert.equal(message._id, answer.message._id);
      await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === message.seq);
      assert.equal((await two.history(anna, bert))[0].status, 'delivered');
      await berts.event('drained');
    });

    test(`3: ten messages while offline arrive in order and all become delivered (${transport})`, async () => {
      const [anna, bert] = await three.friends();
      const annas = await Client.connect(two, anna, how);
      const texts = Array.from({ length: 10 }, (_, index) => `message ${index}`);
      const answers = await Promise.all(texts.map((text, index) => annas.send(bert, text, `c${index}`)));
      assert.deepEqual(answers.map((answer) => answer.message?.seq), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const berts = await Client.connect(one, bert, how);
      await berts.event('drained');
      assert.deepEqual(berts.texts, texts);
      await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 10);
      assert.ok((await three.history(anna, bert)).every((message) => message.status === 'delivered'));
    });

    test(`4: the connection is cut between save and answer, the repeat goes to another node: saved once, delivered once (${transport})`, async () => {
      const [anna, bert] = await one.friends();
      const proxy = await Proxy.start(() => proxy.node.port);
      proxy.node = one;
      const annas = await Client.connect(one, anna, { ...how, url: proxy.url });
      const berts = await Client.connect(three, bert, how);
      await annas.upgraded();
      await annas.event('drained');
      await sleep(100);
      const { engine } = annas.socket.io;
      await until(() => engine.transport.writable && engine.writeBuffer.length === 0, 'a quiet connection');
      proxy.swallowAnswers = true;
      let answered = false;
      annas.socket.emit('send_message', { recipient: bert.id, content: 'through the break', clientId: 'once' }, () => (answered = true));
      const saved = await until(async () => (await two.history(anna, bert))[0], 'the message in the store');
      proxy.node = two;
      proxy.cut();
      await until(() => annas.disconnects.length > 0, 'the client to notice');
      proxy.swallowAnswers = false;
      assert.equal(answered, false);
      await until(() => annas.all('ready').length === 2, 'the client returns by itself, to another node');
      const again = await annas.send(bert, 'through the break', 'once');
      assert.deepEqual([again.ok, again.duplicate], [true, true], JSON.stringify(again));
      assert.deepEqual([again.message._id, again.message.seq, again.message.timestamp], [saved._id, saved.seq, saved.timestamp]);
      await annas.event('message_status', (event) => event.status === 'delivered');
      await annas.sent(bert, 'and one more');
      await berts.received(2);
      assert.deepEqual(berts.texts, ['through the break', 'and one more']);
      proxy.close();
    });
  }
});

describe('who is there', unless, () => {
  test('friends on other nodes are told when a user comes and when the last socket has gone', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    assert.equal((await friendOf(one, anna, bert)).isOnline, false);
    const phone = await Client.connect(two, bert);
    const laptop = await Client.connect(three, await three.logIn(bert, 'laptop'));
    const told = await annas.event('user_online', (event) => event.userId === bert.id);
    assert.ok(!Number.isNaN(Date.parse(told.timestamp)));
    for (const node of [one, two, three]) await comesOnline(node, anna, bert);
    phone.close();
    await sleep(kGraceMs + kNothingComesMs);
    assert.deepEqual(annas.all('user_offline'), [], 'one device is still there, on another node');
    assert.equal((await annas.send(bert, 'still there?')).online, true);
    const left = Date.now();
    laptop.close();
    const gone = await annas.event('user_offline', (event) => event.userId === bert.id, 4 * kGraceMs);
    assert.ok(Math.abs(Date.parse(gone.lastSeen) - left) < scale(2000), `${gone.lastSeen} for ${new Date(left).toISOString()}`);
    for (const node of [one, two, three]) {
      await until(async () => (await friendOf(node, anna, bert)).isOnline === false, 'offline on every node');
      assert.equal((await friendOf(node, anna, bert)).lastSeen, gone.lastSeen);
    }
    assert.equal((await annas.send(bert, 'gone?')).online, false);
  });

  test('a user who moves to another node within the grace is not announced', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    let berts = await Client.connect(one, bert);
    await annas.event('user_online');
    annas.clear();
    for (const node of [two, three, two]) {
      berts.close();
      await sleep(200);
      berts = await Client.connect(node, bert);
    }
    await sleep(kGraceMs + kNothingComesMs);
    assert.deepEqual(annas.all('user_offline'), []);
    for (const node of [one, two, three]) await comesOnline(node, anna, bert);
  });

  test('those who were on a node that died are offline once its lease has run out', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    const berts = await Client.connect(three, bert);
    await annas.event('user_online', (event) => event.userId === bert.id);
    const died = Date.now();
    await three.kill();
    try {
      berts.close();
      const gone = await annas.event('user_offline', (event) => event.userId === bert.id, kLeaseMs + 6 * kGraceMs);
      assert.ok(Date.parse(gone.lastSeen) >= died - kLeaseMs && Date.parse(gone.lastSeen) <= Date.now(), gone.lastSeen);
      for (const node of [one, two]) assert.equal((await friendOf(node, anna, bert)).isOnline, false);
      assert.equal((await annas.send(bert, 'are you there?')).online, false);
      const back = await Client.connect(two, bert);
      await back.received(1);
    } finally {
      await three.boot();
    }
    await comesOnline(three, anna, bert);
  });

  test('typing reaches the sockets of the recipient on every node, and nobody else', async () => {
    const [anna, bert] = await one.friends();
    const stranger = await one.register();
    const annas = await Client.connect(one, anna);
    const phone = await Client.connect(two, bert);
    const laptop = await Client.connect(three, await two.logIn(bert, 'laptop'));
    const strangers = await Client.connect(three, stranger);
    // A hint may be lost; whoever types says so again and again.
    await until(async () => {
      annas.socket.emit('typing', { recipient: bert.id, typing: true });
      await sleep(200);
      return [phone, laptop].every((client) => client.all('typing').length > 0);
    }, 'typing on both devices');
    for (const client of [phone, laptop]) assert.deepEqual(client.all('typing')[0], { sender: anna.id, typing: true });
    strangers.socket.emit('typing', { recipient: bert.id, typing: true });
    await sleep(kNothingComesMs);
    for (const client of [phone, laptop]) assert.ok(client.all('typing').every((event) => event.sender === anna.id));
    assert.deepEqual(strangers.all('typing'), []);
  });
});

describe('friendships', unless, () => {
  test('a request, its acceptance and the end of the friendship are seen on all nodes at once', async () => {
    const [anna, bert] = [await one.register(uniqueName('anna')), await two.register(uniqueName('bert'))];
    const annas = await Client.connect(one, anna);
    const berts = await Client.connect(two, bert);
    assert.equal((await annas.send(bert, 'too early')).error.code, 'not_allowed');
    await three.expect(202, 'POST', '/friends/requests', { token: anna.token, body: { username: bert.username } });
    const { incoming } = await one.expect(200, 'GET', '/friends/requests', { token: bert.token });
    assert.deepEqual(incoming.map(({ user }) => user._id), [anna.id]);
    assert.deepEqual(await berts.event('friend_request'), { user: { _id: anna.id, username: anna.username } });

    await three.expect(204, 'POST', `/friends/requests/${anna.id}/accept`, { token: bert.token });
    const [hello, answer] = await Promise.all([annas.send(bert, 'now'), berts.send(anna, 'yes, now')]);
    assert.deepEqual([hello.ok, answer.ok], [true, true], JSON.stringify([hello, answer]));
    assert.equal((await annas.event('friend_accepted')).user._id, bert.id);
    assert.equal((await berts.event('friend_accepted')).user._id, anna.id);
    await annas.event('user_online', (event) => event.userId === bert.id);
    await berts.event('user_online', (event) => event.userId === anna.id);
    for (const node of [one, two, three]) assert.ok(await friendOf(node, anna, bert));

    await three.expect(204, 'DELETE', `/friends/${bert.id}`, { token: anna.token });
    const refused = await Promise.all([annas.send(bert, 'too late'), berts.send(anna, 'too late')]);
    assert.deepEqual(refused.map(({ error }) => error?.code), ['not_allowed', 'not_allowed']);
    for (const [client, other] of [[annas, bert], [berts, anna]]) assert.equal((await client.event('friend_removed')).user._id, other.id);
    for (const node of [one, two, three]) assert.equal(await friendOf(node, bert, anna), undefined);
    assert.deepEqual([annas.texts, berts.texts], [['yes, now'], ['now']]);
  });

  test('a block on one node stops the next message on another, and its end lets the next one through', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    const berts = await Client.connect(two, bert);
    const texts = [];
    for (let round = 0; round < 5; round += 1) {
      texts.push(`before ${round}`);
      await annas.sent(bert, `before ${round}`);
      await three.expect(204, 'PUT', `/blocks/${anna.id}`, { token: bert.token });
      const [theirs, own] = await Promise.all([annas.send(bert, `blocked ${round}`), berts.send(anna, `blocked ${round}`)]);
      assert.deepEqual([theirs.error?.code, own.error?.code], ['not_allowed', 'not_allowed'], `round ${round}`);
      await three.expect(204, 'DELETE', `/blocks/${anna.id}`, { token: bert.token });
    }
    await annas.sent(bert, 'the last one');
    await until(() => berts.texts.includes('the last one'), 'the last one');
    assert.deepEqual(berts.texts, [...texts, 'the last one']);
    assert.deepEqual(annas.all('friend_removed'), []);
  });
});
