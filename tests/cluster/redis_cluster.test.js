'use strict';
// Presence, typing and messages across nodes whose Redis is a cluster, while one of its masters dies.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Client, cleanUp, sleep, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');
const { RedisCluster } = require('./redis_cluster');

const kGraceMs = 5_000;
const kTakesOverMs = 60_000;
const kPauseMs = 50;

const unless = { skip: skip() };
let cluster;
let [one, two, three] = [];
before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start({ redis: RedisCluster, set: { 'limits.messages_per_minute': 100_000 } });
  [one, two, three] = [0, 1, 2].map((index) => cluster.node(index));
});
after(async () => {
  await cleanUp();
  await cluster?.dispose();
});

/** Where adapters/redis keeps the leases of a user in a cluster. */
const leaseKey = ({ id }) => `online:{${(parseInt(id.slice(-2), 16) % 64).toString(16).padStart(2, '0')}}${id}`;
const friendOf = async (node, user, friend) => (await node.expect(200, 'GET', '/friends', { token: user.token })).friends.find((each) => each._id === friend.id);
async function isEverywhere(online, user, friend) {
  for (const node of [one, two, three]) {
    await until(async () => (await friendOf(node, user, friend)).isOnline === online, `${friend.username} ${online ? 'on' : 'off'}line on every node`);
  }
}
/** Two friends; the leases of the second one are on this node of Redis. */
async function friendsOn(owner) {
  for (;;) {
    const [anna, bert] = await one.friends();
    if (cluster.redis.ownerOf(leaseKey(bert)) === owner) return [anna, bert];
  }
}
async function typingReaches(from, sender, to, recipient) {
  to.clear();
  await until(async () => {
    from.socket.emit('typing', { recipient: recipient.id, typing: true });
    await sleep(kPauseMs);
    return to.all('typing').some((event) => event.sender === sender.id);
  }, 'typing on another node');
}

describe('a Redis Cluster', unless, () => {
  test('who is there and who types is known on every node, also after a master has died, and no message is lost', async () => {
    const [dying] = cluster.redis.nodes; // the notes between nodes are listened to here
    const [anna, bert] = await friendsOn(dying);
    const annas = await Client.connect(one, anna);
    const berts = await Client.connect(two, bert);
    await annas.event('user_online', (event) => event.userId === bert.id);
    await isEverywhere(true, anna, bert);
    assert.equal(cluster.redis.ask(dying, 'HLEN', leaseKey(bert)), '1\n');
    await typingReaches(annas, anna, berts, bert);
    await typingReaches(berts, bert, annas, anna);

    const replicas = cluster.redis.nodes.filter((node) => !cluster.redis.isMaster(node));
    berts.clear();
    await dying.kill();
    const texts = [];
    const hasTakenOver = () => replicas.some((node) => cluster.redis.isMaster(node));
    const end = Date.now() + kTakesOverMs;
    while (!hasTakenOver() && Date.now() < end) {
      texts.push(`text ${texts.length}`);
      await annas.sent(bert, texts.at(-1));
      await sleep(kPauseMs);
    }
    assert.ok(hasTakenOver(), 'a replica has taken over');
    await annas.sent(bert, 'the last one');
    await berts.received(texts.length + 1);
    assert.deepEqual(berts.texts, [...texts, 'the last one']);

    await isEverywhere(true, anna, bert);
    await until(() => cluster.redis.ownerOf(leaseKey(bert)), 'the new master');
    await until(() => cluster.redis.ask(cluster.redis.ownerOf(leaseKey(bert)), 'HLEN', leaseKey(bert)) === '1\n', 'the lease');
    await typingReaches(annas, anna, berts, bert);
    await typingReaches(berts, bert, annas, anna);
    annas.clear();
    berts.close();
    await annas.event('user_offline', (event) => event.userId === bert.id, 4 * kGraceMs);
    await isEverywhere(false, anna, bert);
    await Client.connect(three, bert);
    await annas.event('user_online', (event) => event.userId === bert.id);
    await isEverywhere(true, anna, bert);
    await cluster.redis.heal();
    for (const node of [one, two, three]) assert.match(await (await fetch(`${node.url}/metrics`)).text(), /^restante_redis_up 1$/m);
  });
});
