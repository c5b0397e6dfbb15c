'use strict';
// Presence as HTTP clients and applications of the founding schema see it when devices are spread over nodes: which devices are
// connected, and `users.isOnline` in MongoDB. What friends are told is in founding.test.js.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Client, cleanUp, sleep, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

const kDatabase = 'restante';
/** The record may be this old. */
const kRecordMs = 5_000;
/** A node that says nothing for so long is dead, for MongoDB and for Redis. */
const kNodeLeaseMs = 5_000;
const kConnectionLeaseMs = 20_000;
const kSlackMs = 10_000;
/** A node that wants to tell the others something gives a Redis that says nothing up after so long. */
const kSpeakerPatienceMs = 2_000;
/** Until a node repeats who is there, after notes may have been lost. */
const kToldAgainMs = 6_000;

const unless = { skip: skip() };
let cluster;
let [one, two] = [];
before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start({ nodes: 2, members: 1 });
  [one, two] = [0, 1].map((index) => cluster.node(index));
});
after(async () => {
  await cleanUp();
  await cluster?.dispose();
});

/** Names of the devices that this node says are connected. */
async function connected(node, user) {
  const { devices } = await node.expect(200, 'GET', '/devices', { token: user.token });
  return devices.filter(({ online }) => online).map(({ device }) => device).sort();
}
const sees = (node, user, names, ms) =>
  until(async () => JSON.stringify(await connected(node, user)) === JSON.stringify([...names].sort()), `[${names}] to be connected`, ms);
const seenByAll = async (user, names, ms) => {
  for (const node of [one, two]) await sees(node, user, names, ms);
};

/** What an application of the founding schema reads. */
const recorded = async (user) => (await (await cluster.mongodb.elected()).find(kDatabase, 'users', { username: user.username }))[0];
const isRecorded = (user, online, ms = kRecordMs + kSlackMs) =>
  until(async () => (await recorded(user)).isOnline === online, `isOnline: ${online}`, ms);

describe('devices on two nodes', unless, () => {
  test('each node says which of them are connected', async () => {
    const anna = await one.register();
    const laptop = await two.logIn(anna, 'laptop');
    await seenByAll(anna, []);
    const phones = await Client.connect(one, anna);
    await seenByAll(anna, [anna.device]);
    const laptops = await Client.connect(two, laptop);
    await seenByAll(anna, [anna.device, 'laptop']);
    phones.close();
    await seenByAll(anna, ['laptop']);
    const moved = await Client.connect(two, anna);
    await seenByAll(anna, [anna.device, 'laptop']);
    moved.close();
    laptops.close();
    await seenByAll(anna, []);
  });

  test('without Redis each node knows its own, and afterwards all again', async () => {
    const anna = await one.register();
    const laptop = await two.logIn(anna, 'laptop');
    await Client.connect(one, anna);
    await Client.connect(two, laptop);
    await seenByAll(anna, [anna.device, 'laptop']);
    await cluster.redis.kill();
    await sees(one, anna, [anna.device]);
    await sees(two, anna, ['laptop']);
    await cluster.redis.heal();
    await seenByAll(anna, [anna.device, 'laptop'], kConnectionLeaseMs);
  });

  test('a device of a node that died is away when its lease has run out', async () => {
    const anna = await one.register();
    const phones = await Client.connect(two, anna);
    await sees(one, anna, [anna.device]);
    await two.kill();
    try {
      phones.close();
      await sees(one, anna, [], kConnectionLeaseMs + kSlackMs);
    } finally {
      await two.boot();
    }
  });
});

describe('users.isOnline', unless, () => {
  for (const [name, first] of [['first', 0], ['second', 1]]) {
    test(`stays true while a device is connected to the other node, when the ${name} to come leaves`, async () => {
      const anna = await one.register();
      const laptop = await two.logIn(anna, 'laptop');
      assert.equal((await recorded(anna)).isOnline, false);
      const clients = [await Client.connect(one, anna)];
      await isRecorded(anna, true);
      clients.push(await Client.connect(two, laptop));
      await until(async () => (await recorded(anna)).onlineNodes.length === 2, 'both nodes in the set', kRecordMs + kSlackMs);
      clients[first].close();
      await until(async () => (await recorded(anna)).onlineNodes.length === 1, 'one node in the set', kRecordMs + kSlackMs);
      assert.equal((await recorded(anna)).isOnline, true);
      await sleep(kRecordMs);
      assert.equal((await recorded(anna)).isOnline, true, 'also when everything is written');
      const left = Date.now();
      clients[1 - first].close();
      await isRecorded(anna, false);
      await until(async () => Math.abs((await recorded(anna)).lastSeen - left) < 2000, 'lastSeen of the last one', kRecordMs + kSlackMs);
    });
  }

  test('a node that dies takes back its own word only', async () => {
    const anna = await one.register();
    const bert = await one.register();
    const laptop = await two.logIn(anna, 'laptop');
    const stays = await Client.connect(one, anna);
    const lost = [await Client.connect(two, laptop), await Client.connect(two, bert)];
    await isRecorded(bert, true);
    await until(async () => (await recorded(anna)).onlineNodes?.length === 2, 'both nodes in the set', kRecordMs + kSlackMs);
    const died = Date.now();
    await two.kill();
    try {
      for (const client of lost) client.close();
      await isRecorded(bert, false, kNodeLeaseMs + kSlackMs);
      assert.ok((await recorded(bert)).lastSeen >= died - kSlackMs);
      const { isOnline, onlineNodes } = await recorded(anna);
      assert.deepEqual([isOnline, onlineNodes.length], [true, 1]);
      stays.close();
      await isRecorded(anna, false);
    } finally {
      await two.boot();
    }
  });

  test('that nobody vouches for is false once a node starts', async () => {
    const anna = await one.register();
    const bert = await one.register();
    await Client.connect(one, bert);
    await isRecorded(bert, true);
    const primary = await cluster.mongodb.elected();
    await primary.command(kDatabase, { update: 'users', updates: [{ q: { username: anna.username }, u: { $set: { isOnline: true } } }] });
    await two.restart();
    await isRecorded(anna, false);
    assert.equal((await recorded(bert)).isOnline, true);
  });
});

describe('what friends are told when nobody says so', unless, () => {
  const of = (bert) => (event) => event.userId === bert.id;

  test('who came while Redis was away is announced when it is back', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    await cluster.redis.kill();
    try {
      const berts = await Client.connect(two, bert);
      await berts.event('drained'); // with it the node tells
      await sleep(1000);
      assert.equal(annas.all('user_online').some(of(bert)), false);
    } finally {
      await cluster.redis.heal();
    }
    await annas.event('user_online', of(bert), kToldAgainMs + kSlackMs);
  });

  test('who came while Redis stood still, too short for the nodes that listen to notice', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    cluster.redis.freeze();
    try {
      await sleep(kSpeakerPatienceMs + 1000);
      const berts = await Client.connect(two, bert);
      await berts.event('drained');
      assert.equal(annas.all('user_online').some(of(bert)), false);
    } finally {
      await cluster.redis.heal();
    }
    await annas.event('user_online', of(bert), kToldAgainMs + kSlackMs);
  });

  test('who is online on the others is known to a node that began later', async () => {
    const [anna, bert] = await one.friends();
    const berts = await Client.connect(two, bert);
    await berts.event('drained');
    await one.restart();
    const annas = await Client.connect(one, anna);
    await annas.event('user_online', of(bert), kToldAgainMs + kSlackMs);
    berts.socket.io.reconnection(false);
    berts.close();
    await annas.event('user_offline', of(bert));
  });

  test('who was on a node that was taken for dead, and is not, is online again', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    const berts = await Client.connect(two, bert);
    await annas.event('user_online', of(bert));
    cluster.pause(1);
    try {
      await annas.event('user_offline', of(bert), kConnectionLeaseMs + kNodeLeaseMs + kSlackMs);
      annas.clear();
    } finally {
      cluster.resume(1);
    }
    await annas.event('user_online', of(bert), kToldAgainMs + kSlackMs);
    assert.equal((await annas.send(bert, 'there you are')).online, true);
    await berts.received(1);
  });

  test('who was seen in the list of friends is told of when the other node ends', async () => {
    const [anna, bert] = await one.friends();
    const berts = await Client.connect(two, bert);
    await one.restart();
    const annas = await Client.connect(one, anna);
    await until(async () => (await one.expect(200, 'GET', '/friends', { token: anna.token })).friends[0].isOnline, 'bert online in the list');
    berts.socket.io.reconnection(false);
    assert.equal(await two.stop(), 0);
    try {
      await annas.event('user_offline', of(bert), kConnectionLeaseMs + kSlackMs);
    } finally {
      await two.boot();
    }
  });
});
