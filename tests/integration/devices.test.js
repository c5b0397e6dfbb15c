'use strict';
// Several devices of one user, positions, resumption, restored stores and connections that keep breaking.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Client, Proxy, Server, cleanUp, sleep, until } = require('./harness');

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

const texts = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`);
async function sendAll(client, peer, list) {
  for (const text of list) await client.sent(peer, text, text);
}
const lastPosition = (client) => client.messages[client.messages.length - 1].position;

test('two devices of one user each get every message once', async () => {
  const [anna, bert] = await server.friends();
  const phone = await Client.connect(server, bert);
  const laptop = await Client.connect(server, await server.logIn(bert, 'laptop'));
  const annas = await Client.connect(server, anna);
  await sendAll(annas, bert, texts(1, 20));
  await phone.received(20);
  await laptop.received(20);
  await sleep(100);
  assert.deepEqual(phone.texts, texts(1, 20));
  assert.deepEqual(laptop.texts, texts(1, 20));
});

test('a message sent on one device is copied to the other devices of the author, not to itself', async () => {
  const [anna, bert] = await server.friends();
  const phone = await Client.connect(server, anna);
  const laptop = await Client.connect(server, await server.logIn(anna, 'laptop'));
  const message = await phone.sent(bert, 'from my phone', 'copy');
  const [copy] = await laptop.received(1);
  assert.deepEqual([copy._id, copy.sender, copy.recipient, copy.content], [message._id, anna.id, bert.id, 'from my phone']);
  assert.equal(copy.clientId, 'copy');
  await laptop.sent(bert, 'from my laptop');
  await phone.received(1);
  assert.deepEqual(phone.texts, ['from my laptop']);
  assert.deepEqual(laptop.texts, ['from my phone']);
});

test('a device that was away resumes after what it confirmed', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const bertsPhone = await Client.connect(server, bert);
  const laptopUser = await server.logIn(bert, 'laptop');
  const laptop = await Client.connect(server, laptopUser);
  await sendAll(annas, bert, texts(1, 5));
  await laptop.received(5);
  await until(async () => (await server.device(bert, 'laptop')).position >= lastPosition(laptop), 'the position of the laptop');
  laptop.close();
  await sendAll(annas, bert, texts(6, 12));
  await bertsPhone.received(12);
  const back = await Client.connect(server, laptopUser);
  await back.event('drained');
  assert.deepEqual(back.texts, texts(6, 12));
  assert.equal(back.all('ready')[0].recovered, false, 'recovered speaks of a position that the client gave');
  assert.equal(back.all('ready')[0].reset, false);
});

test('a new device starts where the most advanced device of the user is; what is pending reaches it', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const phone = await Client.connect(server, bert);
  await sendAll(annas, bert, texts(1, 3));
  await phone.received(3);
  await until(async () => (await server.device(bert)).position >= lastPosition(phone), 'the position of the phone');
  phone.close();
  await sendAll(annas, bert, texts(4, 6));
  const tablet = await Client.connect(server, await server.logIn(bert, 'tablet'));
  await tablet.event('drained');
  assert.deepEqual(tablet.texts, texts(4, 6));
});

test('CONNECT may name a device of its own: it is created and bound to that session', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const own = await Client.connect(server, bert, { auth: { device: 'watch.1' } });
  assert.equal(own.all('ready')[0].device, 'watch.1');
  await annas.sent(bert, 'to the watch');
  await own.received(1);
  const other = await server.logIn(bert, 'other');
  const thief = new Client(server, other, { auth: { device: 'watch.1' } }).open();
  assert.equal((await thief.refusal()).data.code, 'unauthorized');
});

test('(epoch, position) above the stored position counts as confirmation, receipts included', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  await sendAll(annas, bert, texts(1, 4));
  const silent = await Client.connect(server, bert, { ack: () => undefined });
  await silent.received(4);
  const { epoch } = silent.all('ready')[0];
  const confirmed = silent.messages[2].position;
  silent.close();
  assert.deepEqual(annas.all('message_status'), []);

  const back = await Client.connect(server, bert, { auth: { epoch, position: confirmed } });
  assert.equal(back.all('ready')[0].recovered, true);
  assert.equal(back.all('ready')[0].reset, false);
  await back.event('drained');
  assert.deepEqual(back.texts, ['m4']);
  await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 3);
  await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 4);
});

test('(epoch, position) below the stored position delivers again from there and the stored one stays', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  await sendAll(annas, bert, texts(1, 5));
  await berts.received(5);
  const { epoch } = berts.all('ready')[0];
  const lower = berts.messages[1].position;
  const top = lastPosition(berts);
  await until(async () => (await server.device(bert)).position >= top, 'the position of the device');
  berts.close();
  const back = await Client.connect(server, bert, { auth: { epoch, position: lower } });
  assert.equal(back.all('ready')[0].recovered, true);
  await back.received(3);
  assert.deepEqual(back.texts, texts(3, 5));
  assert.ok((await server.device(bert)).position >= top);
  back.close();
  const plain = await Client.connect(server, bert);
  await plain.event('drained');
  assert.deepEqual(plain.texts, []);
});

test('an unknown epoch or a position above the head answers reset and delivers from the stored position', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  await sendAll(annas, bert, texts(1, 3));
  await berts.received(3);
  const { epoch } = berts.all('ready')[0];
  const top = lastPosition(berts);
  await until(async () => (await server.device(bert)).position >= top, 'the position of the device');
  berts.close();
  await sendAll(annas, bert, texts(4, 5));
  const wrong = [{ epoch: 'f'.repeat(epoch.length), position: top }, { epoch, position: top + 1000 }, { epoch, position: 2 ** 64 }];
  for (const auth of wrong) {
    const back = await Client.connect(server, bert, { auth, ack: () => undefined });
    const ready = back.all('ready')[0];
    assert.deepEqual([ready.reset, ready.recovered], [true, false], JSON.stringify(auth));
    await back.received(2);
    assert.deepEqual(back.texts, texts(4, 5));
    back.close();
  }
});

test('a position survives a restart of the server under its new epoch', async () => {
  const own = await Server.start();
  try {
    const [anna, bert] = await own.friends();
    const annas = await Client.connect(own, anna);
    const berts = await Client.connect(own, bert);
    await sendAll(annas, bert, texts(1, 3));
    await berts.received(3);
    const { epoch } = berts.all('ready')[0];
    const position = lastPosition(berts);
    await until(async () => (await own.device(bert)).position >= position, 'the position of the device');
    berts.close();
    await own.restart();
    await annas.event('ready', () => annas.all('ready').length === 2);
    await annas.sent(bert, 'm4');
    const back = await Client.connect(own, bert, { auth: { epoch, position } });
    const ready = back.all('ready')[0];
    assert.deepEqual([ready.recovered, ready.reset], [true, false]);
    assert.notEqual(ready.epoch, epoch);
    await back.event('drained');
    assert.deepEqual(back.texts, ['m4']);
  } finally {
    await own.dispose();
  }
});

test('an older copy of the store answers reset to a client that has seen more', async () => {
  const own = await Server.start();
  try {
    const [anna, bert] = await own.friends();
    let annas = await Client.connect(own, anna);
    await sendAll(annas, bert, texts(1, 2));
    const berts = await Client.connect(own, bert);
    await berts.received(2);
    await until(async () => (await own.device(bert)).position >= lastPosition(berts), 'the position of the device');
    annas.close();
    berts.close();
    assert.equal(await own.stop(), 0);
    const copy = path.join(own.folder, 'copy');
    fs.cpSync(own.data, copy, { recursive: true });

    await own.boot();
    annas = await Client.connect(own, anna);
    const seeing = await Client.connect(own, bert);
    await sendAll(annas, bert, texts(3, 6));
    await seeing.received(4);
    const { epoch } = seeing.all('ready')[0];
    const position = lastPosition(seeing);
    annas.close();
    seeing.close();
    assert.equal(await own.stop(), 0);
    fs.rmSync(own.data, { recursive: true });
    fs.renameSync(copy, own.data);

    await own.boot();
    annas = await Client.connect(own, anna);
    await annas.sent(bert, 'written after the restore');
    const back = await Client.connect(own, bert, { auth: { epoch, position } });
    assert.equal(back.all('ready')[0].reset, true);
    await back.received(1);
    assert.ok(back.texts.includes('written after the restore'));

    // The same numbers written again under a younger epoch must not pass for the old ones.
    await sendAll(annas, bert, texts(3, 8));
    await back.received(7);
    back.close();
    const fooled = await Client.connect(own, bert, { auth: { epoch, position } });
    assert.equal(fooled.all('ready')[0].reset, true);
  } finally {
    await own.dispose();
  }
});

test('a connection that breaks fifteen times before any answer loses nothing', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  await sendAll(annas, bert, texts(1, 10));
  const proxy = await Proxy.start(server.port);
  let silent = true;
  const berts = new Client(server, bert, { url: proxy.url, ack: () => (silent ? undefined : { ok: true }) }).open();
  for (let round = 1; round <= 15; round += 1) {
    await until(() => berts.all('ready').length === round && berts.messages.length >= round, `connection ${round}`);
    if (round === 15) silent = false;
    proxy.cut();
  }
  await until(() => berts.all('ready').length === 16, 'the last connection');
  await berts.event('drained');
  const seen = new Map(berts.messages.map((message) => [message._id, message]));
  assert.deepEqual([...seen.values()].sort((left, right) => left.seq - right.seq).map((message) => message.content), texts(1, 10));
  const lastRound = berts.texts.slice(-10);
  assert.deepEqual(lastRound, texts(1, 10), 'the whole backlog comes again in order');
  await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 10);
  proxy.close();
});

test('the younger of two sessions of one device wins, whatever the older one does', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const older = await Client.connect(server, bert);
  const younger = await Client.connect(server, bert);
  assert.deepEqual(await older.event('session_expired'), { reason: 'replaced' });
  await until(() => older.disconnects.includes('io server disconnect'), 'a disconnect after which the client stays away');
  await annas.sent(bert, 'after the fence');
  await younger.received(1);
  older.close();
  await annas.sent(bert, 'after the late goodbye');
  await younger.received(2);
  assert.deepEqual(older.texts, []);
  const { devices } = await server.expect(200, 'GET', '/devices', { token: bert.token });
  assert.equal(devices.find((each) => each.device === bert.device).online, true);
});

test('above the limit the least recently used device that is offline goes, also when all of them are of one session', async () => {
  const bert = await server.register(undefined, 'd0');
  const comeAndGo = async (device) => (await Client.connect(server, bert, { auth: { device } })).close();
  for (let number = 1; number <= 9; number += 1) {
    await comeAndGo(`d${number}`);
    await until(async () => !(await server.device(bert, `d${number}`)).online, `the end of d${number}`);
  }
  const tenth = await Client.connect(server, bert, { auth: { device: 'd10' } });
  const { devices } = await server.expect(200, 'GET', '/devices', { token: bert.token });
  assert.deepEqual(devices.map((each) => each.device).sort(), ['d0', 'd10', ...Array.from({ length: 8 }, (_, index) => `d${index + 2}`)]);
  assert.deepEqual(tenth.all('session_expired'), [], 'the session does not end with a device that was merely bound to it');
});
