'use strict';
// The metrics page of a server with presence in Redis, and of a node on MongoDB and Redis: documented to the last series, too.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Server, cleanUp, until } = require('../integration/harness');
const { MongoDb } = require('../integration/mongodb');
const { Redis } = require('../cluster/redis');
const { documented, familiesOf, kAlways, kWithBoth, kWithBroadcaster, kWithMongoDb, kWithRedis, undocumented } = require('./page');
const { kMissing, promtool } = require('./prometheus');

const kNoRedis = Redis.missing() ?? false;
const kNoNode = kNoRedis || (MongoDb.missing() ?? false);

let redis, mongodb;
const servers = [];

before(async () => {
  if (!kNoRedis) redis = await Redis.start();
  if (!kNoNode) mongodb = await MongoDb.start();
});
after(async () => {
  await cleanUp(...servers);
  if (mongodb) await mongodb.dispose();
  if (redis) await redis.dispose();
});

/** Starts a server; its page has what the tables say, no more and no less. */
async function compare(set, tables) {
  const server = await Server.start({ set });
  servers.push(server);
  const page = await server.metrics();
  const rows = documented(...tables);
  assert.deepEqual(undocumented(page, rows), []);
  const families = familiesOf(page);
  assert.deepEqual([...rows.keys()].filter((name) => !families.has(name)), [], 'documented, and not on the page');
  if (!kMissing) assert.deepEqual(promtool(['check', 'metrics'], page), { status: 0, output: '' });
  return server;
}

test('a server with presence in Redis', { skip: kNoRedis }, async () => {
  const server = await compare({ 'redis.uri': redis.uri }, [kAlways, kWithRedis, kWithBroadcaster]);
  await until(async () => await server.metric('restante_redis_up') === 1, 'Redis to be up');
});

test('a server through which no other program speaks', { skip: kNoRedis }, async () => {
  await compare({ 'redis.uri': redis.uri, 'redis.broadcaster': 'off' }, [kAlways, kWithRedis]);
});

test('a node on MongoDB and Redis', { skip: kNoNode }, async () => {
  const server = await compare({ ...mongodb.settings(), 'redis.uri': redis.uri }, [kAlways, kWithRedis, kWithBroadcaster, kWithMongoDb, kWithBoth]);
  await until(async () => await server.metric('restante_redis_up') === 1, 'Redis to be up');
  await until(async () => await server.metric('restante_node_leads') === 1, 'the only node to lead');
  await server.friends();
  assert.match(await server.metrics(), /^restante_store_seconds_count\{verb="turn"\} [1-9]/m);
});

test('a node on MongoDB without Redis', { skip: kNoNode }, async () => {
  await compare(mongodb.settings(), [kAlways, kWithMongoDb]);
});
