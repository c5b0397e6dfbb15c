'use strict';
// Nodes with different key files: a foreign one does not start, one that lacks a rotated key destroys nothing.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { Client, Server, cleanUp, runToEnd, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

const unless = { skip: skip() };
let cluster;
let [one, two] = [];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-foreign-'));
before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start({ nodes: 2, members: 1 });
  [one, two] = cluster.nodes;
});
after(async () => {
  await cleanUp();
  await cluster?.dispose();
  fs.rmSync(folder, { recursive: true, force: true });
});

const statusOf = async (node, user, peer, id) => (await node.history(user, peer)).find((message) => message._id === id).status;

describe('nodes with different keys', unless, () => {
  test('a node with foreign key files is refused, and what is pending arrives elsewhere', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    const sent = await annas.sent(bert, 'pending');
    const data = path.join(folder, 'node');
    const made = await runToEnd(['epoch', 'new', '--data', data]); // an installation of its own
    assert.equal(made.code, 0, made.stderr);
    await assert.rejects(Server.start({ set: cluster.settings, data }), /not those of the store.*copy master\.key and keys/);
    assert.equal(await statusOf(one, anna, bert, sent._id), 'sent');
    const berts = await Client.connect(two, bert);
    await berts.received(1);
    assert.deepEqual(berts.texts, ['pending']);
    await annas.event('message_status', (event) => event.status === 'delivered');
    assert.deepEqual(annas.all('message_status').filter((event) => event.status === 'failed'), []);
  });

  test('a node that has not got a rotated key yet passes nobody over and fails nothing', async () => {
    const [anna, bert] = await one.friends();
    const annas = await Client.connect(one, anna);
    const early = await annas.sent(bert, 'before');
    annas.close();
    assert.equal(await one.stop(), 0);
    const rotated = await runToEnd(['keys', 'rotate', '--data', one.data, ...Object.entries(cluster.settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])]);
    assert.equal(rotated.code, 0, rotated.stderr);
    await one.boot();
    const again = await Client.connect(one, await one.logIn(anna, anna.device));
    const late = await again.sent(bert, 'after');

    const berts = new Client(two, bert).open();
    await until(async () => (await two.metric('restante_unknown_key_total')) >= 2, 'two sessions that met the unknown key');
    await until(() => berts.texts.includes('before'), 'what can be read there');
    assert.equal(berts.texts.includes('after'), false);
    assert.ok(berts.disconnects.every((reason) => reason !== 'io server disconnect'), `${berts.disconnects}`);
    const page = await two.call('GET', `/conversations/${anna.id}/messages`, { token: bert.token });
    assert.equal(page.body.error.code, 'retry', JSON.stringify(page.body));
    assert.match(page.body.error.message, /lacks the key/);
    assert.equal(two.log.match(/key that this node lacks/g).length, 1, 'named once');

    // The way on: another node, or this one with the key.
    assert.equal(await two.stop(), 0);
    fs.rmSync(path.join(two.data, 'keys'));
    fs.copyFileSync(path.join(one.data, 'keys'), path.join(two.data, 'keys'));
    await two.boot();
    await until(() => berts.texts.includes('after'), 'the message of the rotated key', 30_000);
    assert.deepEqual([...new Set(berts.texts)], ['before', 'after']);
    for (const each of [early, late]) {
      await until(async () => (await statusOf(one, await one.logIn(anna), bert, each._id)) === 'delivered', 'both delivered');
    }
    assert.deepEqual(again.all('message_status').filter((event) => event.status === 'failed'), []);
  });
});
