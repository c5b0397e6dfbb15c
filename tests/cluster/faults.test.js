'use strict';
// Nodes, Redis, members of MongoDB and connections die under load. Afterwards nothing that was acknowledged is lost, nothing
// is shown twice or in another order, and every tick is what the clients' own files say.
//
//   RESTANTE_CLUSTER_ROUNDS  how often each fault happens (default 1)
//   RESTANTE_CLUSTER_PAUSE   seconds for which somebody is stopped (default 5)
//   RESTANTE_SEED            repeats the choices of a run
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Client, cleanUp, kSlow, scale, sleep, until } = require('../integration/harness');
const { seeded, seedOfRun } = require('../faults/random');
const { Cluster, skip } = require('./cluster');
const { Crowd } = require('./crowd');

const kRounds = Number(process.env.RESTANTE_CLUSTER_ROUNDS || 1);
const kPauseMs = 1000 * Number(process.env.RESTANTE_CLUSTER_PAUSE || 5);
/** A majority is away for long enough that every sender has heard nothing for a while. */
const kMajorityMs = Math.min(20_000, 2 * kPauseMs);
const kMinutesPerRound = 5;
/** So many acknowledgements say that the cluster works. */
const kAtWork = 60;
const kCuts = 25;
const kFoundMs = 30_000;
/** While Redis is away nobody waits longer, but for one in a hundred. */
const kAckMs = 1_500;
/** Between two messages where waits are looked at: slow enough that two processors are not what makes them wait. */
const kCalmMs = 50;
/** What was under way when the majority left may still be acknowledged: it was committed. */
const kUnderwayMs = 2_000;

const unless = { skip: skip(), timeout: kRounds * kMinutesPerRound * 60_000 * kSlow };
const seed = seedOfRun();
const random = seeded(seed);
let cluster;
let crowd;
let waits = [];
before(async () => {
  if (unless.skip) return;
  cluster = await Cluster.start();
  crowd = await Crowd.gather(cluster, random);
});
after(async () => {
  crowd?.end();
  await cleanUp();
  await cluster?.dispose();
});

/** A test of `fault`, which happens while everybody writes; then all is healed, arrives and is judged. */
function happens(name, fault, everyMs) {
  test(name, unless, async (context) => {
    context.diagnostic(`seed ${seed}`);
    waits = [];
    for (let round = 0; round < kRounds; round += 1) {
      const work = crowd.work(everyMs);
      try {
        await crowd.progress(kAtWork, 'the crowd to be at work');
        await fault(round);
        await crowd.progress(kAtWork, 'the crowd to be at work again');
      } finally {
        await work.stop();
        await cluster.heal();
        cluster.spread();
      }
      await crowd.settle();
    }
    const { broken, totals } = await crowd.judge();
    if (waits.length > 0) totals.ackMs99 = Math.round(waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.99)]);
    context.diagnostic(JSON.stringify(totals));
    assert.deepEqual(broken.slice(0, 10), [], `${broken.length} broken promises`);
    if (waits.length > 0) assert.ok(totals.ackMs99 <= scale(kAckMs), `one in a hundred waited for more than ${totals.ackMs99} ms`);
  });
}

/** Runs `during` and then fails if anybody was refused anything meanwhile; notes how long the acknowledgements took. */
async function refusesNothing(during) {
  const before = crowd.refusals().length;
  crowd.takeWaits();
  await during();
  waits.push(...crowd.takeWaits());
  assert.deepEqual(crowd.refusals().slice(before), []);
}
const anyNode = () => random.below(cluster.nodes.length);

describe('nodes', unless, () => {
  happens('kill -9: the clients go on at another node', async () => {
    const index = anyNode();
    await cluster.kill(index);
    cluster.moveAway(index);
    await crowd.progress(2 * kAtWork, 'the others to go on without it');
    await cluster.boot(index);
  });

  happens('kill -9 and a start at once, its clients wait for it', async () => {
    const index = anyNode();
    await cluster.kill(index);
    await cluster.boot(index);
  });

  happens(`SIGSTOP for ${kPauseMs / 1000} s, its clients go elsewhere: what it does when it wakes changes nothing`, async () => {
    const index = anyNode();
    cluster.pause(index);
    cluster.moveAway(index);
    await sleep(kPauseMs);
    cluster.resume(index);
    await crowd.progress(kAtWork);
  });

  happens(`SIGSTOP for ${kPauseMs / 1000} s, its clients wait for it`, async () => {
    const index = anyNode();
    cluster.pause(index);
    await sleep(kPauseMs);
    cluster.resume(index);
  });

  happens('SIGTERM and a start, one node after the other', async () => {
    for (let index = 0; index < cluster.nodes.length; index += 1) {
      cluster.moveAway(index);
      await cluster.restart(index);
      cluster.spread();
    }
  });
});

describe('Redis carries no truth', unless, () => {
  /** With Redis away: messages cross nodes, new connections are welcome, friends are found online. */
  const goesOn = () => refusesNothing(async () => {
    await crowd.progress(2 * kAtWork, 'the cluster to go on without Redis');
    const [anna, bert] = await cluster.node(0).friends();
    const annas = await Client.connect(cluster.node(1), anna);
    const berts = await Client.connect(cluster.node(2), bert);
    await annas.sent(bert, 'who needs Redis?');
    await berts.received(1);
    await annas.event('message_status', (event) => event.status === 'delivered');
    // The table of who is there is gone or does not answer: what MongoDB knows is some seconds old.
    for (const node of cluster.nodes) {
      await until(async () => (await node.expect(200, 'GET', '/friends', { token: anna.token })).friends[0].isOnline, 'the friend to be found online', kFoundMs);
    }
    annas.close();
    berts.close();
  });

  happens('killed and started again, empty', async () => {
    await cluster.redis.kill();
    await goesOn();
    await cluster.redis.boot();
    await goesOn();
  }, kCalmMs);

  happens('FLUSHALL, again and again', async () => {
    await refusesNothing(async () => {
      for (let count = 0; count < 10; count += 1) {
        await cluster.redis.flushAll();
        await crowd.progress(10);
      }
    });
    await goesOn();
  }, kCalmMs);

  happens(`stopped for ${kPauseMs / 1000} s and more: it neither answers nor closes`, async () => {
    const since = Date.now();
    cluster.redis.freeze();
    await goesOn();
    await sleep(Math.max(0, since + kPauseMs - Date.now()));
    cluster.redis.resume();
    await goesOn();
  }, kCalmMs);
});

describe('MongoDB', unless, () => {
  happens('the primary steps down', async () => {
    await cluster.mongodb.stepDown();
    await crowd.progress(kAtWork, 'acknowledgements under another primary');
    await cluster.mongodb.settled();
  });

  happens('kill -9 of the primary', async () => {
    const dead = await cluster.mongodb.killPrimary();
    await crowd.progress(2 * kAtWork, 'acknowledgements by the two that are left');
    await dead.spawnProgram();
    await cluster.mongodb.settled();
  });

  happens(`the majority is away for ${kMajorityMs / 1000} s: nothing is acknowledged meanwhile`, async (round) => {
    const bringBack = await cluster.mongodb.loseMajority({ kill: round % 2 === 0 });
    await sleep(scale(kUnderwayMs));
    const before = crowd.acked;
    await sleep(kMajorityMs);
    const lies = crowd.acked - before;
    await bringBack();
    assert.equal(lies, 0, 'acknowledged without a majority');
  });
});

describe('connections', unless, () => {
  happens(`${kCuts} resets, half of them after the answers were swallowed`, async () => {
    for (let count = 0; count < kCuts; count += 1) {
      const front = cluster.fronts[random.below(cluster.fronts.length)];
      await sleep(random.below(100));
      if (random.below(2) === 0) {
        front.swallowAnswers = true;
        await sleep(random.below(50));
      }
      // Some come back to the same node, some to another.
      if (random.below(3) === 0) front.to = anyNode();
      front.cut();
      front.swallowAnswers = false;
    }
  });
});
