'use strict';
// Twenty users in ten pairs, every kind of client among them.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { kTransports, until } = require('../integration/harness');
const { DurableClient } = require('./durable_client');

const kClients = 20;

async function makeClients(server, urlOf = () => server.url) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-oracle-'));
  const users = [];
  for (let index = 0; index < kClients; index += 1) users.push(await server.register());
  for (let index = 0; index < kClients; index += 2) await server.befriend(users[index], users[index + 1]);
  const kinds = Object.values(kTransports);
  const clients = users.map((user, index) => new DurableClient(user, users[index ^ 1], folder, {
    ...kinds[index % kinds.length], url: urlOf(index), resumes: index % 4 >= 2, batch: index % 8 >= 6,
  }));
  clients.forEach((client, index) => {
    client.other = clients[index ^ 1];
    client.open();
  });
  await until(() => clients.every((client) => client.connects > 0), 'all clients', 30_000);
  return { folder, clients };
}

/** Until every client has all its answers and everything it can receive. */
async function settle(clients) {
  const why = () => clients.filter((client) => client.toSend.length > 0 || client.shown.size < client.other.wrote.size)
    .map((client) => `${client.user.username} sends ${client.toSend.length}, has ${client.shown.size} of ${client.other.wrote.size}`);
  await until(() => why().length === 0, 'everything to arrive', 120_000).catch((error) => {
    throw new Error(`${error.message}: ${why().join('; ')}; ${clients.flatMap((client) => client.faults).slice(0, 5).join('; ')}`);
  });
}

/** The ticks catch up too: delivered up to the last message of everyone. */
async function settleReceipts(clients) {
  const behind = () => clients.filter((client) => (client.lastStatus?.delivered ?? client.lastStatus?.read ?? 0) < Math.max(0, ...[...client.acked.values()].map(({ seq }) => seq)) &&
    (client.lastStatus?.read ?? 0) < Math.max(0, ...[...client.acked.values()].map(({ seq }) => seq)));
  await until(() => behind().length === 0, 'every second tick', 60_000).catch((error) => {
    throw new Error(`${error.message}: ${behind().map((client) => `${client.user.username} ${JSON.stringify(client.lastStatus)}`)}`);
  });
}

function end(folder, clients) {
  for (const client of clients) client.close();
  fs.rmSync(folder, { recursive: true, force: true });
}

module.exports = { makeClients, settle, settleReceipts, end };
