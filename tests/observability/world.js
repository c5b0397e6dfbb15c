'use strict';
// A server with seeded accounts in pairs of friends, and what they do to it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Client, Server, runToEnd, sleep } = require('../integration/harness');

class World {
  static async start({ users = 40, set = {}, args = [] } = {}) {
    const world = new World();
    world.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-observability-'));
    const data = path.join(world.folder, 'data');
    const tokens = path.join(world.folder, 'tokens');
    const seeded = await runToEnd(['seed', '--data', data, '--users', String(users), '--friends', 'pairs', '--tokens', tokens,
      '--set', 'auth.argon2_memory_kib=1024', '--set', 'auth.argon2_passes=1'], { timeoutMs: 60_000 });
    assert.equal(seeded.code, 0, seeded.stderr);
    world.users = fs.readFileSync(tokens, 'utf8').trim().split('\n').map((line) => {
      const { userId, ...rest } = JSON.parse(line);
      return { id: userId, ...rest };
    });
    world.server = await Server.start({ data, set, args });
    return world;
  }
  friendOf(user) {
    return this.users[this.users.indexOf(user) ^ 1];
  }
  async stop() {
    await this.server.dispose();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** Everybody but `absent` connects: user -> client. */
  async connectAll(absent = []) {
    const clients = new Map();
    for (const user of this.users) if (!absent.includes(user)) clients.set(user, await Client.connect(this.server, user));
    return clients;
  }
  /** Each connected user writes `rounds` messages to the friend; all are acknowledged, and received where somebody is there. */
  async chat(clients, rounds, pauseMs = 0) {
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all([...clients].map(([user, client]) => client.sent(this.friendOf(user), `round ${round} of ${user.username}`)));
      if (pauseMs > 0) await sleep(pauseMs);
    }
    for (const [user, client] of clients) if (clients.has(this.friendOf(user))) await client.received(rounds);
  }
  /** A client that the server must refuse. */
  async refused(token) {
    const client = new Client(this.server, { token, username: 'nobody' }, { reconnection: false });
    client.open();
    const error = await client.refusal();
    client.close();
    return error;
  }
}

module.exports = { World };
