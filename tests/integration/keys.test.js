'use strict';
// Key files that are not those of the store: refused at the start, nothing lost. Rotated ones go on.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { Client, Server, cleanUp, freePort, runToEnd } = require('./harness');
const { MongoDb } = require('./mongodb');

const kKeyFiles = ['master.key', 'keys'];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-keys-'));
let mongodb;
after(async () => {
  await cleanUp();
  if (mongodb) await mongodb.dispose();
  fs.rmSync(folder, { recursive: true, force: true });
});

function copyKeys(from, to) {
  fs.mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of kKeyFiles) {
    fs.rmSync(path.join(to, name), { force: true });
    fs.copyFileSync(path.join(from, name), path.join(to, name));
  }
}
/** Keys of an installation of its own. */
async function foreignKeys() {
  const data = path.join(folder, Math.random().toString(36).slice(2));
  const { code, stderr } = await runToEnd(['epoch', 'new', '--data', data]);
  assert.equal(code, 0, stderr);
  return data;
}
/** One line on standard error that says what to do, and a status that is not 0. */
async function refused(words, mentions, data, settings = {}) {
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const { code, signal, stderr, stdout } = await runToEnd([...words, '--data', data, ...sets]);
  assert.equal(signal, null);
  assert.notEqual(code, 0);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.match(stderr, mentions);
  assert.doesNotMatch(stdout, /listening on/);
}
const serve = async () => ['serve', '--port', String(await freePort())];
const kForeign = /not those of the store.*copy master\.key and keys/;

test('a server whose key files were replaced does not start, and with the right ones everything is there', async () => {
  const own = await Server.start();
  const [anna, bert] = await own.friends();
  const annas = await Client.connect(own, anna);
  await annas.sent(bert, 'waits for its key');
  annas.close();
  assert.equal(await own.stop(), 0);
  const kept = path.join(folder, 'kept');
  copyKeys(own.data, kept);
  copyKeys(await foreignKeys(), own.data);
  await refused(await serve(), kForeign, own.data);
  await refused(['keys', 'rotate'], kForeign, own.data);
  copyKeys(kept, own.data);
  await own.boot();
  const berts = await Client.connect(own, bert);
  await berts.received(1);
  assert.deepEqual(berts.texts, ['waits for its key']);
  await own.dispose();
});

test('rotated keys go on, and files from before the rotation are refused once the new ones were used', async () => {
  const own = await Server.start();
  const [anna, bert] = await own.friends();
  const annas = await Client.connect(own, anna);
  await annas.sent(bert, 'old key');
  annas.close();
  assert.equal(await own.stop(), 0);
  const before = path.join(folder, 'before');
  const rotatedFiles = path.join(folder, 'rotated');
  copyKeys(own.data, before);
  const rotated = await runToEnd(['keys', 'rotate', '--data', own.data]);
  assert.equal(rotated.code, 0, rotated.stderr);
  copyKeys(own.data, rotatedFiles);
  await own.boot();
  const again = await Client.connect(own, await own.logIn(anna, anna.device));
  await again.sent(bert, 'new key');
  again.close();
  assert.equal(await own.stop(), 0);
  copyKeys(before, own.data);
  await refused(await serve(), kForeign, own.data);
  copyKeys(rotatedFiles, own.data);
  await own.boot();
  const berts = await Client.connect(own, await own.logIn(bert, bert.device));
  await berts.received(2);
  assert.deepEqual(berts.texts, ['old key', 'new key']);
  await own.dispose();
});

test('a data directory in use is refused with MongoDB as well, and commands that only read go on', async (t) => {
  const missing = MongoDb.missing();
  if (missing) return t.skip(missing);
  mongodb ??= await MongoDb.start();
  const settings = mongodb.settings();
  const own = await Server.start({ set: settings });
  const [anna, bert] = await own.friends();
  const message = await (await Client.connect(own, anna)).sent(bert, 'x');
  await refused(await serve(), /data directory .* is in use/, own.data, settings);
  await refused(await serve(), /data directory .* is in use/, own.data, mongodb.settings());
  await refused(['seed', '--users', '2', '--tokens', path.join(folder, 'tokens')], /data directory .* is in use/, own.data, settings);
  await refused(['keys', 'rotate'], /data directory .* is in use/, own.data, settings);
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const why = await runToEnd(['why', message._id, '--data', own.data, ...sets]);
  assert.equal(why.code, 0, why.stderr);
  await own.kill();
  await own.boot();
  await own.dispose();
});
