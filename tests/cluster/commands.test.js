'use strict';
// Accounts and relations, asked of all nodes at once at the highest rate, while MongoDB gets another primary. What a node decided
// and could not commit it decides again; what it never heard the outcome of it looks up. Nobody has to repeat anything, and
// nothing happens twice.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { cleanUp, kSlow, uniqueName, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

const kWorkers = 6;
/** Rounds of all workers that say that the cluster works. */
const kAtWork = 30;
const kReachedMs = 60_000;
const kTimeoutMs = 5 * 60_000;

const unless = { skip: skip(), timeout: kTimeoutMs * kSlow };
let cluster;
before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start();
});
after(async () => {
  await cleanUp();
  await cluster?.dispose();
});

/** People who register, ask, accept, block and renew their sessions on changing nodes, without a pause. */
class Work {
  constructor() {
    this.rounds = 0;
    this.ended = false;
    this.people = [];
    this.workers = Array.from({ length: kWorkers }, (_, index) => this.repeat(index));
    this.done = Promise.all(this.workers);
    this.done.catch(() => {}); // stop() tells
  }
  async repeat(worker) {
    for (let step = worker; !this.ended; step += 1) {
      await this.round(cluster.node(step), cluster.node(step + 1), cluster.node(step + 2));
      this.rounds += 1;
    }
  }
  /** Every answer must be the one of a cluster in which nothing happens. */
  async round(one, two, three) {
    const [anna, bert] = await Promise.all([one.register(uniqueName('anna')), two.register(uniqueName('bert'))]);
    this.people.push([anna, bert]);
    await one.befriend(anna, bert);
    await Promise.all([
      three.expect(204, 'PUT', `/blocks/${bert.id}`, { token: anna.token }),
      one.expect(200, 'POST', '/refresh', { body: { refreshToken: bert.refreshToken } }),
      two.logIn(anna, 'laptop'),
    ]);
    await two.expect(204, 'DELETE', `/blocks/${bert.id}`, { token: anna.token });
    await three.expect(204, 'DELETE', '/devices/laptop', { token: anna.token });
  }
  async reach(rounds) {
    const goal = this.rounds + rounds;
    await Promise.race([until(() => this.rounds >= goal, `${goal} rounds`, kReachedMs), this.done]);
  }
  async stop() {
    this.ended = true;
    await this.done;
  }
}

/** On every node the friendships, and one device each. */
async function judge(people) {
  for (const [index, [anna, bert]] of people.entries()) {
    const node = cluster.node(index);
    const { friends } = await node.expect(200, 'GET', '/friends', { token: anna.token });
    assert.deepEqual(friends.map(({ _id }) => _id), [bert.id]);
    const { devices } = await node.expect(200, 'GET', '/devices', { token: bert.token });
    assert.equal(devices.length, 1);
  }
}

function happens(name, fault) {
  test(name, unless, async (context) => {
    const work = new Work();
    try {
      await work.reach(kAtWork);
      await fault();
      await work.reach(kAtWork);
      await work.stop();
    } finally {
      work.ended = true;
      await cluster.heal();
    }
    context.diagnostic(`${work.rounds} rounds`);
    await judge(work.people);
  });
}

describe('nobody is told to repeat what was asked of accounts and relations', unless, () => {
  happens('while three nodes want every turn', async () => {});

  happens('while the primary steps down', async () => {
    await cluster.mongodb.stepDown();
  });

  happens('while the primary is killed', async () => {
    const dead = await cluster.mongodb.killPrimary();
    await cluster.mongodb.elected();
    await dead.spawnProgram();
    await cluster.mongodb.settled();
  });
});
