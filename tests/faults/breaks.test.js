'use strict';
// Connections break at random moments, in both directions, on every transport; the server lives on.
const { after, before, test } = require('node:test');
const { Proxy, Server, cleanUp, kSlow, sleep, until } = require('../integration/harness');
const { end, makeClients, settle, settleReceipts } = require('./campaign');
const { judge } = require('./durable_client');
const { seeded, seedOfRun } = require('./random');

const kBreaks = Number(process.env.RESTANTE_BREAKS || 200);
const kSecondsPerBreak = 3;
/** Each user has a way to the server of its own, so that a break hits some and not others. */
const kProxies = 5;
/** An original client whose WebSocket breaks in the middle of its upgrade sits still until its heartbeat runs out. */
const kHeartbeat = { 'server.ping_interval_ms': 2000, 'server.ping_timeout_ms': 3000 };

let server;
before(async () => { server = await Server.start({ set: kHeartbeat }); });
after(() => cleanUp(server));

test(`${kBreaks} broken connections lose, repeat and reorder nothing`, { timeout: kBreaks * kSecondsPerBreak * 1000 * kSlow + 120_000 }, async (context) => {
  const seed = seedOfRun();
  context.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  const proxies = [];
  for (let index = 0; index < kProxies; index += 1) proxies.push(await Proxy.start(server.port));
  const { folder, clients } = await makeClients(server, (index) => proxies[index % kProxies].url);
  let links = 0;
  let written = 0;
  for (let round = 0; round < kBreaks; round += 1) {
    for (let index = 0; index < 10; index += 1) {
      const client = clients[random.below(clients.length)];
      client.write(`b${written}`, `message ${(written += 1)} of ${client.user.username}`);
    }
    const proxy = proxies[random.below(kProxies)];
    await sleep(random.below(25));
    if (random.below(2) === 0) {
      // The server receives and answers, the clients hear nothing of it.
      proxy.swallowAnswers = true;
      await sleep(random.below(15));
    }
    links += proxy.cut();
    proxy.swallowAnswers = false;
    clients[random.below(clients.length)].markRead();
    if (random.below(4) === 0) await until(() => clients.every((client) => client.socket.connected), 'all back', 20_000);
  }
  await settle(clients);
  await settleReceipts(clients);
  const totals = judge(folder, clients);
  context.diagnostic(`breaks ${kBreaks}, connections cut ${links}, ${JSON.stringify(totals)}`);
  end(folder, clients);
});
