'use strict';
// kill -9 in the middle of 1 000 sends from 20 clients, again and again; the clients resume by themselves.
const { after, before, test } = require('node:test');
const { Server, cleanUp, kSlow, sleep, until } = require('../integration/harness');
const { end, makeClients, settle, settleReceipts } = require('./campaign');
const { judge } = require('./durable_client');
const { seeded, seedOfRun } = require('./random');

const kKills = Number(process.env.RESTANTE_KILLS || 20);
const kSends = Number(process.env.RESTANTE_SENDS || 1000);
const kMinutesPerKill = 1;
/** An original client whose WebSocket breaks in the middle of its upgrade sits still until its heartbeat runs out. */
const kHeartbeat = { 'server.ping_interval_ms': 2000, 'server.ping_timeout_ms': 3000 };

let server;
before(async () => { server = await Server.start({ set: kHeartbeat }); });
after(() => cleanUp(server));

test(`kill -9 in the middle of ${kSends} sends, ${kKills} times`, { timeout: kKills * kMinutesPerKill * 60_000 * kSlow + 60_000 }, async (context) => {
  const seed = seedOfRun();
  context.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  const { folder, clients } = await makeClients(server);
  const ackedNow = () => clients.reduce((sum, client) => sum + client.acked.size, 0);
  let killedInTheMiddle = 0;
  for (let round = 0; round < kKills; round += 1) {
    const before = ackedNow();
    const killAt = before + random.between(Math.floor(kSends * 0.1), Math.floor(kSends * 0.9));
    for (let index = 0; index < kSends; index += 1) {
      const client = clients[index % clients.length];
      client.write(`r${round}-${index}`, `round ${round}, message ${index} of ${client.user.username}`);
    }
    await until(() => ackedNow() >= killAt, `${killAt} acks`, 60_000);
    clients[random.below(clients.length)].markRead();
    await sleep(random.below(5));
    await server.kill();
    if (ackedNow() < before + kSends) killedInTheMiddle += 1;
    await server.boot();
    // Every other time the next kill finds clients that are still recovering.
    if (round % 2 === 0) await settle(clients);
  }
  await settle(clients);
  await settleReceipts(clients);
  const totals = judge(folder, clients);
  context.diagnostic(`kills ${kKills}, in the middle ${killedInTheMiddle}, ${JSON.stringify(totals)}`);
  end(folder, clients);
});
