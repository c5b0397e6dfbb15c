'use strict';
// The fourth key metric, presence look-ups that are answered, with a real Redis that is emptied, killed, and comes back: the
// alert fires and ends, and messages go on all the while.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client, cleanUp, scale, sleep, until } = require('../integration/harness');
const { Redis } = require('../cluster/redis');
const { panelQueries } = require('./dashboard');
const { Prometheus, kMissing } = require('./prometheus');
const { World } = require('./world');

const skip = kMissing || Redis.missing() || false;
const kInstance = 'node';
const kAlert = 'RestantePresenceHitRateLow';
const kBound = 0.95;
const kGuard = 100;  // look-ups below which the alert keeps quiet
const kBatch = 50;  // messages under way at a time
const kQuietBatch = 20;
const kMissesAtOnce = 10;  // of one emptying: few enough to be over before Redis counts as settled
const kTooFewHits = 0.92;  // an incident goes on until so few look-ups are answered, and a recovery until so many are
const kEnoughHits = 0.96;
const kFewestMisses = 20;
const kPauseMs = 200;
const kIncidentMs = 60_000;

let world, redis, prometheus, writers, unseen;

before(async () => {
  if (skip) return;
  redis = await Redis.start();
  world = await World.start({ users: 40, set: { 'redis.uri': redis.uri } });
  // One of each pair of friends is away: who is connected here is answered without Redis.
  const away = world.users.filter((_, index) => index % 2 === 1);
  writers = [...await world.connectAll(away)].map(([user, client]) => ({ client, friend: world.friendOf(user), texts: [] }));
  await settled();
  prometheus = await Prometheus.start({ [kInstance]: `127.0.0.1:${world.server.port}` });
  await prometheus.untilScraped(kInstance);
  unseen = await lookUps();
});
after(async () => {
  await cleanUp();
  if (prometheus) await prometheus.stop();
  if (world) await world.stop();
  if (redis) await redis.dispose();
});

let written = 0;
/** So many messages to friends who are away, at once; each is acknowledged whatever becomes of the look-up. */
async function write(count) {
  await Promise.all(Array.from({ length: count }, async () => {
    const { client, friend, texts } = writers[written % writers.length];
    const text = `message ${written += 1}`;
    texts.push(text);
    await client.sent(friend, text);
  }));
}

/** { hit, miss } as the server counts them. */
async function lookUps() {
  const page = await world.server.metrics();
  const count = (result) => Number(new RegExp(`^restante_presence_lookups_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(page)[1]);
  return { hit: count('hit'), miss: count('miss') };
}

/** The share of answered look-ups since Prometheus has been watching. */
async function answered() {
  const { hit, miss } = await lookUps();
  const all = hit + miss - unseen.hit - unseen.miss;
  return (hit - unseen.hit) / all;
}

/** A table that is new is not believed when it says that somebody is absent, until all nodes had time to write to it. */
async function settled() {
  await until(async () => {
    const { miss } = await lookUps();
    await write(1);
    if ((await lookUps()).miss === miss) return true;
    await sleep(kPauseMs);
    return false;
  }, 'a look-up that Redis answers', 30_000);
}

/** The share of answered look-ups, as the dashboard shows it. */
async function hitRate() {
  await prometheus.untilScraped(kInstance);
  return prometheus.value(panelQueries('Presence hit rate', { interval: '5m', instance: kInstance })[0]);
}
const firing = async () => (await prometheus.firing(kInstance)).some(({ labels }) => labels.alertname === kAlert);

/** `mishap` again and again, until the share is clearly too low; then the alert must fire. */
async function provoke(mishap) {
  assert.equal(await firing(), false, 'it must be quiet before');
  const before = await lookUps();
  await until(async () => {
    await mishap();
    return (await lookUps()).miss >= before.miss + kFewestMisses && await answered() < kTooFewHits;
  }, 'look-ups that are not answered', kIncidentMs);
  const { annotations: { summary, description } } = await prometheus.untilFiring(kInstance, kAlert);
  const [, share] = /^Only ([\d.]+)% of the presence look-ups are answered on node$/.exec(summary) ?? [];
  assert.ok(Number(share) < 100 * kBound, summary);
  assert.match(description, /Redis is slow, restarting or unreachable/);
  assert.ok(await hitRate() < kBound);
}

/** Redis is well: look-ups are answered again, until they outweigh the misses of the last minutes; then the alert must end. */
async function recover() {
  await settled();
  await until(async () => {
    await write(kBatch);
    return await answered() > kEnoughHits;
  }, 'look-ups that are answered', kIncidentMs);
  await until(async () => {
    if (!await firing()) return true;
    await write(kQuietBatch);
    await sleep(kPauseMs);
    return false;
  }, `${kAlert} to end`, 30_000);
  assert.ok(await hitRate() >= kBound);
}

test('while Redis answers, every look-up is a hit and the alert is quiet', { skip, timeout: scale(120_000) }, async (context) => {
  const before = await lookUps();
  for (let sent = 0; sent < 2 * kGuard; sent += kQuietBatch) await write(kQuietBatch);
  const { hit, miss } = await lookUps();
  assert.equal(hit + miss - before.hit - before.miss, 2 * kGuard, 'each message asked for its recipient');
  // On a machine that is busy with other things, Redis may really answer too late.
  if (miss > before.miss) {
    context.diagnostic(`true of this machine: ${miss - before.miss} answers came too late`);
    await recover();
  } else {
    assert.equal(await hitRate(), 1);
  }
  const asked = await prometheus.value(`sum(increase(restante_presence_lookups_total{instance="${kInstance}"}[5m]))`);
  assert.ok(asked >= kGuard, `the guard on traffic must not be why it is quiet, but it sees ${asked}`);
  assert.equal(await firing(), false);
  assert.equal(await world.server.metric('restante_redis_up'), 1);
});

test('a Redis that is emptied again and again', { skip, timeout: scale(180_000) }, async () => {
  await provoke(async () => {
    await redis.flushAll();
    await write(kMissesAtOnce);
  });
  assert.match(world.server.log, /presence_forgotten_by_redis/);
  await recover();
});

test('a Redis that is dead', { skip, timeout: scale(180_000) }, async () => {
  await redis.kill();
  await until(async () => await world.server.metric('restante_redis_up') === 0, 'the server to notice');
  await provoke(() => write(kQuietBatch));
  await redis.heal();
  await recover();
  assert.equal(await world.server.metric('restante_redis_up'), 1);
});

test('through all of it every message has arrived, once and in order', { skip, timeout: scale(120_000) }, async () => {
  for (const { friend, texts } of writers) {
    const client = await Client.connect(world.server, friend);
    await client.received(texts.length);
    await client.event('drained');
    assert.deepEqual(client.texts, texts);
    client.close();
  }
});
