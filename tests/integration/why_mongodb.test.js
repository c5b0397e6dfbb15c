'use strict';
// The operator's commands on a MongoDB that a server is using: they say the same as on the embedded store, leave nothing behind,
// and `restante epoch new` adds an epoch.
const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const { Client, Server, cleanUp, runToEnd } = require('./harness');
const { MongoDb } = require('./mongodb');

const kDatabase = 'restante_why';
let mongodb;
let server;
after(async () => {
  await cleanUp(server);
  if (mongodb) await mongodb.dispose();
});

/** What a look at the store must not change. */
async function traces() {
  const names = await mongodb.names(kDatabase);
  const indexes = [];
  for (const name of names) {
    const { cursor } = await mongodb.command(kDatabase, { listIndexes: name, cursor: {} });
    indexes.push([name, cursor.firstBatch.map((each) => each.name).sort()]);
  }
  return { indexes, epochs: await mongodb.find(kDatabase, 'epochs') };
}

test('why, push test and epoch new on MongoDB', async (t) => {
  const missing = MongoDb.missing();
  if (missing) return t.skip(missing);
  mongodb = await MongoDb.start();
  const settings = mongodb.settings(kDatabase);
  server = await Server.start({ set: settings });
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const message = await author.sent(bert, 'a secret text');
  const before = await traces();

  // The URI holds a password as a rule, so it comes by the environment here.
  const env = { RESTANTE_STORAGE_ENGINE: 'mongodb', RESTANTE_STORAGE_MONGODB_URI: settings['storage.mongodb_uri'] };
  const run = (...words) => runToEnd([...words, '--data', server.data], { env });
  const queued = await run('why', message._id);
  assert.equal(queued.code, 0, queued.stderr);
  assert.match(queued.stdout, /^waits for device \S+, last seen /m);
  assert.equal(queued.stdout.includes('a secret text'), false);
  const phone = await Client.connect(server, bert);
  await author.event('message_status', (event) => event.status === 'delivered');
  assert.match((await run('why', message._id)).stdout, /^delivered at .* not read yet$/m);
  phone.close();

  const pushed = await run('push', 'test', bert.username);
  assert.equal(pushed.code, 1);
  assert.match(pushed.stdout, /address +WRONG none/);
  const unknown = await run('why', '0123456789abcdef01234567');
  assert.deepEqual([unknown.code, unknown.stderr.trim().split('\n').length], [1, 1]);
  const elsewhere = { ...env, RESTANTE_STORAGE_MONGODB_URI: mongodb.settings('restante_none')['storage.mongodb_uri'] };
  for (const words of [['why', message._id], ['push', 'test', bert.username], ['epoch', 'new']]) {
    const { code, stderr } = await runToEnd([...words, '--data', server.data], { env: elsewhere });
    assert.equal(code, 1);
    assert.match(stderr, /there is no store/);
  }
  assert.deepEqual(await mongodb.names('restante_none'), []);
  const early = await run('epoch', 'new');
  assert.equal(early.code, 1);
  assert.match(early.stderr, /stop all nodes first/);
  assert.deepEqual(await traces(), before);

  assert.equal(await server.stop(), 0);
  const { code, stdout, stderr } = await run('epoch', 'new');
  assert.equal(code, 0, stderr);
  const epochs = await mongodb.find(kDatabase, 'epochs');
  assert.equal(epochs.length, before.epochs.length + 1);
  assert.equal(stdout, `epoch ${epochs.at(-1).epoch}\n`);
  await server.boot();
  assert.equal((await server.history(anna, bert)).length, 1);
});
