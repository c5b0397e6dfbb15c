'use strict';
// Ten thousand comings and goings leave nothing behind.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, kSlow, sleep, until } = require('./harness');

const kConnects = Math.ceil(Number(process.env.RESTANTE_CONNECTS || 10_000) / kSlow);
const kUsers = 10;
const kTimeoutMs = 600_000;
/** An allocator keeps some of what it once had; what leaks grows with the number of connects and passes this at once. */
const kSlackBytes = 16 * 1024 * 1024;

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

function footprint() {
  const status = fs.readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return {
    bytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(status)[1]),
    descriptors: fs.readdirSync(`/proc/${server.pid}/fd`).length,
  };
}

/** Connects and leaves `count` times, each user one connection at a time, in every way a client can go. */
async function comeAndGo(users, count) {
  let left = count;
  const goings = [
    (client) => client.socket.disconnect(),
    (client) => client.socket.io.engine.close(),
    (client) => client.socket.io.engine.transport.ws?.terminate(),
    (client) => client.socket.disconnect(),
  ];
  await Promise.all(users.map(async (user) => {
    while (left > 0) {
      left -= 1;
      const transports = left % 5 === 0 ? ['polling'] : ['websocket'];
      const client = await Client.connect(server, user, { transports, reconnection: false });
      goings[left % goings.length](client);
      client.close();
    }
  }));
}

test(`after ${kConnects} connects and disconnects sessions, descriptors and memory are back at base`, { timeout: kTimeoutMs * kSlow }, async () => {
  const users = [];
  for (let index = 0; index < kUsers; index += 1) users.push(await server.register());
  for (let index = 0; index < kUsers; index += 2) await server.befriend(users[index], users[index + 1]);
  await comeAndGo(users, Math.ceil(kConnects / 5));
  await until(async () => (await server.metric('restante_sessions')) === 0, 'all sessions to end', 30_000);
  await sleep(1000);
  const base = footprint();
  await comeAndGo(users, kConnects);
  await until(async () => (await server.metric('restante_sessions')) === 0, 'all sessions to end', 30_000);
  await until(() => footprint().descriptors <= base.descriptors + 4, `descriptors at ${base.descriptors}`, 30_000)
    .catch(() => assert.fail(`descriptors: ${base.descriptors} before, ${footprint().descriptors} after`));
  const end = footprint();
  assert.equal(end.threads, base.threads);
  // Shadow memory of a sanitizer is not the server's; it keeps freed memory on purpose.
  if (kSlow === 1) assert.ok(end.bytes <= base.bytes + kSlackBytes, `memory: ${base.bytes} before, ${end.bytes} after`);
  assert.ok((await server.metric('restante_connections_total')) >= kConnects);
});

test('broken handshakes and half-sent requests leave nothing behind', { timeout: kTimeoutMs }, async () => {
  const net = require('node:net');
  const base = footprint().descriptors;
  const starts = ['', 'GET', 'GET / HTTP/1.1\r\nHost:', 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n', 'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{', '\x16\x03\x01\x02'];
  for (let round = 0; round < 200; round += 1) {
    await new Promise((done) => {
      const socket = net.connect(server.port, '127.0.0.1', () => {
        socket.write(starts[round % starts.length]);
        setTimeout(() => socket.resetAndDestroy(), 2);
      });
      socket.on('close', done);
      socket.on('error', () => undefined);
    });
  }
  await until(() => footprint().descriptors <= base + 4, `descriptors at ${base}`, 30_000);
  await server.register();
});
