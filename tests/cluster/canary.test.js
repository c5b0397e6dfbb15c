'use strict';
// What people write is in no file of MongoDB, in nothing that Redis hears or keeps, and in no log.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');
const { Client, cleanUp, kTransports, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

after(() => cleanUp());

/** A text in the forms in which it could leak. */
function formsOf(text) {
  const forms = [text, Buffer.from(text).toString('hex'), encodeURIComponent(text), Buffer.from(text, 'utf16le').toString('latin1')];
  // Base64 inside a longer text begins at one of three offsets.
  for (const pad of ['', 'x', 'xx']) forms.push(Buffer.from(pad + text).toString('base64').slice(4, -4));
  return [...new Set(forms)].map((form) => Buffer.from(form, 'latin1'));
}

/** Everybody talks, over every transport, across nodes, also when the other one is away, refused or disturbed. */
async function talk(cluster, anna, bert, canaries) {
  const [one, two, three] = [0, 1, 2].map((index) => cluster.node(index));
  for (const [transport, options] of Object.entries(kTransports)) {
    const canary = `CANARY-${transport}-7f3Qz81kLw-canary`;
    canaries.push(canary);
    const annas = await Client.connect(one, anna, options);
    const berts = await Client.connect(two, bert, { ...options, auth: { batch: transport === 'polling' } });
    for (let index = 0; index < 20; index += 1) await annas.sent(bert, `${canary} number ${index} ${'text '.repeat(20)}`, `c${transport}${index}`);
    await berts.received(20);
    await berts.request('mark_read', { peer: anna.id, upTo: berts.messages[19].seq });
    assert.equal((await berts.send('nobody', `${canary} refused`)).ok, false);
    annas.socket.emit('typing', { recipient: bert.id, typing: true, text: canary });
    annas.socket.emit('unknown_event', { text: canary });
    await annas.sent(bert, `${canary} the last one`);
    annas.close();
    berts.close();
  }
  await three.expect(201, 'POST', '/messages', { token: anna.token, body: { recipient: bert.id, content: `${canaries[0]} over HTTP` } });
  await three.call('POST', '/messages', { token: anna.token, body: `{"broken": "${canaries[0]}"` });
  await three.call('GET', `/no/such/${canaries[0]}?text=${canaries[0]}`, { token: anna.token });
  assert.equal((await three.history(bert, anna)).length, 64);
}

/** Empty: the file went, or got its final name, between the listing and the look. */
function contentOf(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

test('no plaintext in MongoDB, in Redis or in a log', { skip: skip() }, async () => {
  const cluster = await Cluster.start({ searchable: true, set: { 'log.level': 'debug' } });
  try {
    const heard = await cluster.redis.listen();
    const [anna, bert] = await cluster.node(0).friends();
    const canaries = [];
    await talk(cluster, anna, bert, canaries);
    await cluster.mongodb.stepDown();
    const annas = await Client.connect(cluster.node(1), anna);
    await until(async () => (await annas.send(bert, `${canaries[0]} pending`, 'pending')).ok, 'a message under the new primary', 60_000);
    await cluster.kill(2);
    await cluster.boot(2);
    await cluster.mongodb.settled();
    await cluster.mongodb.flush();
    await cluster.redis.command('SAVE');

    const secrets = new Map(canaries.map((canary) => [canary, formsOf(canary)]));
    for (const name of ['password', 'token', 'refreshToken']) secrets.set(`the ${name}`, [Buffer.from(anna[name])]);
    const search = (bytes, where) => {
      for (const [secret, forms] of secrets) for (const form of forms) assert.equal(bytes.includes(form), false, `${secret} is in ${where}`);
    };
    const known = Buffer.from(anna.username);
    let seen = 0;
    for (const file of cluster.mongodb.files()) {
      const bytes = contentOf(file);
      if (bytes.includes(known)) seen += 1;
      search(bytes, file);
    }
    assert.ok(seen >= 2 * cluster.mongodb.members.length, `a search must find in a table and in the journal what is not secret, it did ${seen} times`);
    for (const name of fs.readdirSync(cluster.redis.folder)) search(contentOf(path.join(cluster.redis.folder, name)), `Redis, ${name}`);
    assert.ok(heard.text.includes(anna.id), 'MONITOR must have heard of somebody');
    search(Buffer.from(heard.text, 'latin1'), 'what Redis heard');
    heard.stop();
    secrets.set('the e-mail address', [Buffer.from(anna.email)]);
    for (const [index, node] of cluster.nodes.entries()) {
      assert.ok(node.log.length > 0);
      search(Buffer.from(node.log), `the log of node ${index}`);
      for (const name of fs.readdirSync(node.data)) search(contentOf(path.join(node.data, name)), `the folder of node ${index}, ${name}`);
    }
    await cluster.stop();
    for (const file of cluster.mongodb.files()) {
      const bytes = contentOf(file);
      for (const canary of canaries) for (const form of secrets.get(canary)) assert.equal(bytes.includes(form), false, `${canary} is in ${file} at rest`);
    }
  } finally {
    await cluster.dispose();
  }
});
