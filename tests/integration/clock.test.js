'use strict';
// The clock jumps, strobes and is wrong after a restart: nothing expires early, nothing is lost or out of order.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, scale, until } = require('./harness');

const kLifeSeconds = Math.ceil(scale(40_000) / 1000);  // a sweep is a tenth of it; the test itself must take less
const kHour = 3600;
const kYear = 365 * 24 * kHour;

let server;
let offsetFile;
before(async () => {
  server = await Server.start({ set: { 'delivery.expiry_seconds': kLifeSeconds } });
  const library = path.join(server.folder, 'moved_clock.so');
  offsetFile = path.join(server.folder, 'offset');
  fs.writeFileSync(offsetFile, '0');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, path.join(__dirname, 'moved_clock.c'), '-ldl']);
  // A sanitizer's runtime need not be the first library.
  const sanitizer = [process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'].filter(Boolean).join(':');
  server.env = { LD_PRELOAD: library, MOVED_CLOCK: offsetFile, ASAN_OPTIONS: sanitizer };
  await server.restart();
});
after(() => cleanUp(server));

/** Sets the clock, atomically, and waits until a sweep has seen it: the file of the believed time holds the wall clock. */
async function setClock(offset) {
  fs.writeFileSync(`${offsetFile}.new`, String(offset));
  fs.renameSync(`${offsetFile}.new`, offsetFile);
  await sweptAt(offset);
}
const sweptAt = (offset) => until(() => {
  const wall = Number(fs.readFileSync(path.join(server.data, 'believed_time'), 'utf8').split(' ')[1]);
  return Math.abs(wall - Date.now() - offset * 1000) < scale(30_000);
}, `a sweep at ${offset} s`, 60_000);

test('no jump of the clock expires what waits', async () => {
  const [anna, bert] = await server.friends();
  const author = await Client.connect(server, anna);
  const sent = [];
  const send = async () => sent.push((await author.sent(bert, `message ${sent.length}`))._id);
  await send();
  for (const offset of [kHour, 0, -10 * kYear, 0, 20 * kYear]) {
    await setClock(offset);
    await send();
  }
  author.close();
  assert.equal(await server.stop(), 0);
  fs.writeFileSync(offsetFile, String(40 * kYear));
  await server.boot();
  await sweptAt(40 * kYear);
  assert.equal(await server.metric('restante_pending_messages'), sent.length);
  const again = await server.logIn(bert);
  const late = await Client.connect(server, again);
  await late.received(sent.length);
  assert.deepEqual(late.messages.map((message) => message._id), sent);
  assert.deepEqual(late.all('message_removed'), []);
});
