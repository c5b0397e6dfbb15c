'use strict';
// The log of a busy server at its most talkative: as JSON, every line parses and has its fields; in both forms no line
// holds what people wrote, a token, a password or an address.
const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const { Client, cleanUp, kTransports, sleep, until } = require('../integration/harness');
const { World } = require('./world');

const kLevels = ['debug', 'info', 'warning', 'error'];
const kCanary = 'CANARY-9xQ71mWc';

after(() => cleanUp());

/** Everything that makes a server talk: connects, chats, refusals of all kinds, floods, broken requests, a drain. */
async function busy(world) {
  const [anna, bert, carla] = world.users;
  for (const options of Object.values(kTransports)) {
    const annas = await Client.connect(world.server, anna, options);
    const berts = await Client.connect(world.server, bert, options);
    for (let index = 0; index < 10; index += 1) await annas.sent(bert, `${kCanary} ${index} "quoted" \\ \t \n line`, `${kCanary}-${options.transports.length}${options.transports[0]}${index}`);
    await berts.received(10);
    annas.socket.emit('typing', { recipient: bert.id, typing: true });
    await annas.request(`${kCanary}-event`, { text: kCanary });
    await annas.send('nobody', kCanary);
    await annas.send(carla, kCanary);
    berts.socket.io.engine.close();
    annas.close();
    berts.close();
  }
  const flood = await Client.connect(world.server, carla);
  for (let index = 0; index < 3000; index += 1) flood.socket.emit(`${kCanary}-flood`, {});
  assert.equal((await flood.request('typing', {})).error.code, 'rate_limited');
  flood.close();
  await world.refused(`${kCanary}.token.text`);
  const { server } = world;
  await server.call('POST', '/login', { body: { username: `${kCanary}name`, password: `${kCanary} password` } });
  await server.call('POST', '/register', { body: `{"username": "${kCanary}` });
  await server.call('GET', `/nowhere/${kCanary}`, { token: kCanary });
  await fetch(`${server.url}/socket.io/?EIO=4&transport=${kCanary}`);
  const deaf = await Client.connect(server, bert, { ack: () => undefined });
  const annas = await Client.connect(server, anna);
  await annas.sent(bert, `${kCanary} to somebody who never confirms`);
  await until(() => /never confirms/.test(server.log), 'the word about a client that never confirms', 20_000);
  deaf.close();
  await sleep(50);
}

for (const format of ['json', 'text']) {
  test(`the log in ${format} at level debug`, async () => {
    const set = { 'log.level': 'debug', 'log.format': format, 'delivery.silent_ms': 1500, 'delivery.unconfirmed_ms': 3000 };
    const world = await World.start({ users: 4, set });
    const { server } = world;
    try {
      await busy(world);
      assert.equal(await server.stop(), 0);
      // Standard output carries one line that is no log line: where the server listens.
      const lines = server.log.split('\n').filter((line) => line !== '' && !line.startsWith('listening on '));
      assert.ok(lines.length >= 10, `a busy server says more than ${lines.length} lines`);
      if (format === 'json') {
        const events = new Set(lines.map((line) => {
          const entry = JSON.parse(line);
          assert.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
          assert.ok(kLevels.includes(entry.level), line);
          assert.equal(typeof entry.event, 'string', line);
          for (const value of Object.values(entry)) assert.notEqual(typeof value, 'object', `nested values are not searchable: ${line}`);
          return entry.event;
        }));
        assert.ok(events.size >= 2, `kinds of lines: ${[...events]}`);
      }
      const hidden = [kCanary, ...world.users.flatMap(({ token, password, userId, id, username }) => [token, password, userId ?? id, username])];
      for (const secret of hidden) assert.equal(server.log.includes(secret), false, `${secret} is in the log`);
    } finally {
      await world.stop();
    }
  });
}
