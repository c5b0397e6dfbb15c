'use strict';
// What an erased account leaves to those whom it wrote to: nothing that was not under way to them already.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Client, Server, cleanUp, sleep, until } = require('./harness');

const kFromAnna = 300; // more than may be under way, in batches too
const kText = 'x'.repeat(2000);
const kFromCarl = 10;

let server;
before(async () => (server = await Server.start()));
after(() => cleanUp(server));

/** Everything is held back until it is let go. */
async function heldBack(user, auth) {
  const held = { callbacks: [], letGo: false };
  held.client = await Client.connect(server, user, {
    auth,
    ack: (_, callback) => (held.letGo ? { ok: true } : void held.callbacks.push(callback)),
  });
  held.release = () => {
    held.letGo = true;
    for (const callback of held.callbacks) callback({ ok: true });
  };
  return held;
}

for (const [mode, auth] of [['single events', {}], ['batches', { batch: true }]]) {
  describe(mode, () => {
    const cases = { 'live, to a device that is slow to confirm': true, 'stored, to a device that comes later': false };
    for (const [name, live] of Object.entries(cases)) {
      test(name, async () => {
        const [anna, bert] = await server.friends();
        const carl = await server.register();
        await server.befriend(carl, bert);
        const [annas, carls] = [await Client.connect(server, anna), await Client.connect(server, carl)];
        const pending = await server.metric('restante_pending_messages');
        let berts = live ? await heldBack(bert, auth) : null;
        await Promise.all(Array.from({ length: kFromAnna }, (_, index) => annas.sent(bert, `${index} ${kText}`)));
        await Promise.all(Array.from({ length: kFromCarl }, (_, index) => carls.sent(bert, `c${index}`)));
        berts ??= await heldBack(bert, auth);
        await until(() => berts.callbacks.length > 0, 'the first of them');
        await server.expect(204, 'DELETE', '/me', { token: anna.token });
        const of = (author) => berts.client.messages.filter((message) => message.sender === author.id).length;
        await sleep(300); // what is under way arrives
        const underWay = of(anna);
        assert.ok(underWay < kFromAnna, `${underWay} were under way: nothing is left to see`);
        berts.release();
        await until(() => of(carl) === kFromCarl, 'what the other one wrote');
        await sleep(200);
        assert.equal(of(anna), underWay);
        await until(async () => (await server.metric('restante_pending_messages')) === pending, 'nothing to wait');
        for (const client of [annas, carls, berts.client]) client.close();
      });
    }
  });
}

test('what waits for a device that is away waits no longer', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const pending = await server.metric('restante_pending_messages');
  for (let index = 0; index < 7; index += 1) await annas.sent(bert, `m${index}`);
  assert.equal(await server.metric('restante_pending_messages'), pending + 7);
  await server.expect(204, 'DELETE', '/me', { token: anna.token });
  await until(async () => (await server.metric('restante_pending_messages')) === pending, 'nothing to wait');
  await server.stop();
  await server.boot();
  assert.equal(await server.metric('restante_pending_messages'), pending);
});
