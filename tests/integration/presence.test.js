'use strict';
// Who is online, who was told, and typing.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, scale, sleep, until } = require('./harness');

const kGraceMs = 5_000;

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

async function friendOf(user, friend) {
  const { friends } = await server.expect(200, 'GET', '/friends', { token: user.token });
  return friends.find((each) => each._id === friend.id);
}

test('friends are told when a user comes; strangers are not', async () => {
  const [anna, bert] = await server.friends();
  const stranger = await server.register();
  const strangers = await Client.connect(server, stranger);
  const annas = await Client.connect(server, anna);
  assert.equal((await friendOf(anna, bert)).isOnline, false);
  const berts = await Client.connect(server, bert);
  const told = await annas.event('user_online', (event) => event.userId === bert.id);
  assert.ok(!Number.isNaN(Date.parse(told.timestamp)));
  assert.equal((await friendOf(anna, bert)).isOnline, true);
  assert.equal((await friendOf(bert, anna)).isOnline, true);
  await sleep(100);
  assert.deepEqual(strangers.all('user_online'), []);
  berts.close();
});

test('a user who leaves is announced after the grace, with the time of leaving', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  await annas.event('user_online');
  const left = Date.now();
  berts.close();
  const told = await annas.event('user_offline', (event) => event.userId === bert.id, 2 * kGraceMs);
  const after = annas.events.find((event) => event.name === 'user_offline').at - left;
  assert.ok(after >= kGraceMs - 500, `announced after ${after} ms`);
  assert.ok(Math.abs(Date.parse(told.lastSeen) - left) < scale(1500), `${told.lastSeen} for ${new Date(left).toISOString()}`);
  const friend = await friendOf(anna, bert);
  assert.equal(friend.isOnline, false);
  assert.equal(friend.lastSeen, told.lastSeen);
});

test('the time of leaving is in every list at once', async () => {
  const [anna, bert] = await server.friends();
  const berts = await Client.connect(server, bert);
  const laptop = await Client.connect(server, await server.logIn(bert, 'laptop'));
  await sleep(1_500);
  const left = Date.now();
  berts.close();
  laptop.close();
  const isRecent = (time) => Date.parse(time) >= left - 500;
  await until(async () => (await friendOf(anna, bert)).isOnline === false, 'the departure');
  assert.ok(isRecent((await friendOf(anna, bert)).lastSeen), 'the row is written seconds later');
  assert.ok(isRecent((await server.expect(200, 'GET', '/me', { token: bert.token })).user.lastSeen));
  assert.ok(isRecent((await server.device(bert)).lastSeen));
  assert.ok(Date.now() - left < 4_000, 'too slow a machine to tell');
});

test('a reconnect within the grace is not announced', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  let berts = await Client.connect(server, bert);
  await annas.event('user_online');
  annas.clear();
  for (let round = 0; round < 3; round += 1) {
    berts.close();
    await sleep(200);
    berts = await Client.connect(server, bert);
  }
  await sleep(kGraceMs + 1500);
  assert.deepEqual(annas.all('user_offline'), []);
  assert.equal((await friendOf(anna, bert)).isOnline, true);
});

test('a user with two devices leaves with the last one', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const phone = await Client.connect(server, bert);
  const laptop = await Client.connect(server, await server.logIn(bert, 'laptop'));
  await annas.event('user_online');
  phone.close();
  await sleep(kGraceMs + 1500);
  assert.deepEqual(annas.all('user_offline'), []);
  laptop.close();
  await annas.event('user_offline', () => true, 2 * kGraceMs);
});

test('a silent client is announced five seconds after ready at the latest', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  await annas.sent(bert, 'never confirmed');
  const berts = await Client.connect(server, bert, { ack: () => undefined });
  assert.deepEqual(annas.all('user_online'), []);
  await annas.event('user_online', (event) => event.userId === bert.id, 2 * kGraceMs);
  assert.deepEqual(berts.all('drained'), []);
});

test('new friends learn of each other that they are online; removed ones are told and forgotten', async () => {
  const [anna, bert] = [await server.register(), await server.register()];
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  await server.expect(202, 'POST', '/friends/requests', { token: anna.token, body: { username: bert.username } });
  assert.deepEqual(await berts.event('friend_request'), { user: { _id: anna.id, username: anna.username } });
  await server.expect(204, 'POST', `/friends/requests/${anna.id}/accept`, { token: bert.token });
  assert.equal((await annas.event('friend_accepted')).user._id, bert.id);
  assert.equal((await berts.event('friend_accepted')).user._id, anna.id);
  await annas.event('user_online', (event) => event.userId === bert.id);
  await berts.event('user_online', (event) => event.userId === anna.id);
  await server.expect(204, 'DELETE', `/friends/${bert.id}`, { token: anna.token });
  assert.equal((await berts.event('friend_removed')).user._id, anna.id);
  assert.equal((await annas.event('friend_removed')).user._id, bert.id);
  berts.close();
  await sleep(kGraceMs + 1000);
  assert.deepEqual(annas.all('user_offline').filter((event) => event.userId === bert.id && Date.parse(event.lastSeen) > Date.now() - kGraceMs), []);
});

test('a relation change waits for those who are away', async () => {
  const [anna, bert] = [await server.register(), await server.register()];
  await server.expect(202, 'POST', '/friends/requests', { token: anna.token, body: { userId: bert.id } });
  const berts = await Client.connect(server, bert);
  await berts.event('friend_request');
  await server.expect(204, 'POST', `/friends/requests/${anna.id}/accept`, { token: bert.token });
  await berts.event('friend_accepted');
  const annas = await Client.connect(server, anna);
  await annas.event('friend_accepted');
});

test('a block is told to nobody, and the blocked user sees no presence and no typing', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  await server.expect(204, 'PUT', `/blocks/${anna.id}`, { token: bert.token });
  annas.clear();
  const berts = await Client.connect(server, bert);
  berts.socket.emit('typing', { recipient: anna.id, typing: true });
  await sleep(1000);
  for (const name of ['user_online', 'user_offline', 'typing', 'friend_removed']) assert.deepEqual(annas.all(name), [], name);
  assert.equal(await friendOf(anna, bert).then((friend) => friend?.isOnline ?? false), false);
});

test('typing reaches the live sockets of the recipient, and nobody else', async () => {
  const [anna, bert] = await server.friends();
  const stranger = await server.register();
  const annas = await Client.connect(server, anna);
  const phone = await Client.connect(server, bert);
  const laptop = await Client.connect(server, await server.logIn(bert, 'laptop'));
  const strangers = await Client.connect(server, stranger);
  annas.socket.emit('typing', { recipient: bert.id, typing: true });
  for (const client of [phone, laptop]) assert.deepEqual(await client.event('typing'), { sender: anna.id, typing: true });
  annas.socket.emit('typing', { recipient: bert.id, typing: false });
  await until(() => phone.all('typing').some((event) => event.typing === false), 'the end of typing');
  strangers.socket.emit('typing', { recipient: bert.id, typing: true });
  await sleep(200);
  assert.ok(phone.all('typing').every((event) => event.sender === anna.id));
});

test('the state of a new friend follows the news of the friendship, whether the friend is there or not', async () => {
  for (const options of [{}, { auth: { batch: true } }]) {
    for (const isThere of [true, false]) {
      const [anna, bert] = [await server.register(), await server.register()];
      const annas = await Client.connect(server, anna, options);
      const berts = isThere ? await Client.connect(server, bert) : undefined;
      await annas.event('drained');
      annas.clear();
      await server.befriend(anna, bert);
      const state = isThere ? 'user_online' : 'user_offline';
      await annas.event(state, (event) => event.userId === bert.id);
      assert.deepEqual(annas.events.map((event) => event.name), [options.auth ? 'receive_batch' : 'friend_accepted', state]);
      if (berts) await berts.event('user_online', (event) => event.userId === anna.id);
    }
  }
});

test('a clean stop keeps when those who were connected were seen last', async () => {
  const own = await Server.start();
  try {
    const [anna, bert] = await own.friends();
    await Client.connect(own, bert, { reconnection: false });
    const before = Date.now();
    await own.restart();
    const { friends } = await own.expect(200, 'GET', '/friends', { token: anna.token });
    assert.ok(Date.parse(friends[0].lastSeen) >= before, `${friends[0].lastSeen} for a stop after ${new Date(before).toISOString()}`);
    assert.ok(Date.parse((await own.device(bert)).lastSeen) >= before, 'his device, too');
  } finally {
    await own.dispose();
  }
});
