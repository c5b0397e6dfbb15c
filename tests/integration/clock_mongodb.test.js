'use strict';
// Nodes that share a MongoDB, one of which starts for the first time with a clock that is years ahead: what waits is no older for it.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');
const { Client, Server, cleanUp, until } = require('./harness');
const { MongoDb } = require('./mongodb');

const kTwentyYears = 20 * 365 * 86_400;
/** What all nodes must have in common. */
const kKeyFiles = /^(master\.key|keys.*|operator_token)$/;

const nodes = [];
let mongodb;
after(async () => {
  await cleanUp(...nodes);
  if (mongodb) await mongodb.dispose();
});

test('a new node whose clock is ahead expires nothing', async (t) => {
  const missing = MongoDb.missing();
  if (missing) return t.skip(missing);
  mongodb = await MongoDb.start();
  const set = mongodb.settings();
  const node = await Server.start({ set });
  nodes.push(node);
  const [anna, bert] = await node.friends();
  const author = await Client.connect(node, anna);
  const message = await author.sent(bert, 'fresh');

  const data = path.join(node.folder, 'second');
  fs.mkdirSync(data, { mode: 0o700 });
  for (const name of fs.readdirSync(node.data)) if (kKeyFiles.test(name)) fs.copyFileSync(path.join(node.data, name), path.join(data, name));
  const library = path.join(node.folder, 'moved_clock.so');
  const offset = path.join(node.folder, 'offset');
  fs.writeFileSync(offset, String(kTwentyYears));
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, path.join(__dirname, 'moved_clock.c'), '-ldl']);
  // A sanitizer's runtime need not be the first library.
  const sanitizer = [process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'].filter(Boolean).join(':');
  const ahead = await Server.start({ set, data, env: { LD_PRELOAD: library, MOVED_CLOCK: offset, ASAN_OPTIONS: sanitizer } });
  nodes.push(ahead);
  await until(async () => await ahead.metric('restante_undelivered_age_seconds') > 0, 'its sweep to find what waits');

  const late = await Client.connect(node, bert);
  const [received] = await late.received(1);
  assert.deepEqual([received._id, received.content], [message._id, 'fresh']);
  assert.deepEqual(late.all('message_removed'), []);
  assert.deepEqual(author.all('message_status').filter((event) => event.status === 'failed'), []);
});
