'use strict';
// Limits that the nodes count together: whoever goes from node to node may do no more than at one. Without Redis each counts for itself.
const assert = require('node:assert/strict');
const { after, before, beforeEach, describe, test } = require('node:test');
const { cleanUp, sleep, uniqueName, until } = require('../integration/harness');
const { Cluster, skip } = require('./cluster');

const kFreeFailures = 5;
const kLookups = 6;
const kRequests = 4;
const kRegistrations = 5;
/** Of log-ins a node that counts alone allows a quarter. */
const kLogins = 8;
const kTries = 5;

const unless = { skip: skip() };
let cluster;
before(async () => {
  if (unless.skip) return;
  const set = {
    'limits.lookups_per_minute': kLookups, 'limits.friend_requests_per_day': kRequests, 'limits.registrations_per_hour': kRegistrations,
    'limits.logins_per_minute': kLogins, 'server.trusted_proxies': '127.0.0.1',
  };
  cluster = await Cluster.start({ set });
});
beforeEach(async () => {
  if (!unless.skip) await shared();
});
after(async () => {
  await cleanUp();
  await cluster?.dispose();
});

let addresses = 0;
/** What a proxy says of somebody who was never here before. */
function stranger() {
  addresses += 1;
  return { address: `203.0.113.${addresses}`, headers: { 'x-forwarded-for': `203.0.113.${addresses}` } };
}
const register = (node, headers, name = uniqueName('r')) =>
  node.call('POST', '/register', { headers, body: { username: name, email: `${name}@example.org`, password: `password of ${name}` } });
const logIn = (node, user, { password = user.password, headers } = {}) =>
  node.call('POST', '/login', { headers, body: { username: user.username, password } });
const guess = (node, user) => logIn(node, user, { password: 'not the password' });
const lookUp = (node, user) => node.call('GET', `/users?username=${user.username}`, { token: user.token });
const request = (node, user) => node.call('POST', '/friends/requests', { token: user.token, body: { username: 'nobody.at.all' } });

/** Every node has Redis' answer to a question. */
async function shared() {
  await cluster.heal();
  for (const node of cluster.nodes) {
    await until(async () => {
      const user = await node.register();
      const before = await node.metric('restante_limits_unshared_total');
      await lookUp(node, user);
      return await node.metric('restante_limits_unshared_total') === before;
    }, 'limits to be shared');
  }
}

/** How often nodes have decided by themselves. */
async function unshared() {
  const counts = await Promise.all(cluster.nodes.map((node) => node.metric('restante_limits_unshared_total')));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** On a machine that is busy with other things Redis may really answer too late: what fails for that is tried again. */
async function undisturbed(attempt) {
  for (let left = kTries; ; left -= 1) {
    const before = await unshared();
    try {
      return await attempt();
    } catch (error) {
      if (left === 1 || await unshared() === before) throw error;
    }
    await shared();
  }
}

/** `ask` goes from node to node: it is allowed `limit` times, and then nowhere. */
async function holds(limit, ask, allowed) {
  for (let turn = 0; turn < limit; turn += 1) assert.equal((await ask(cluster.node(turn))).status, allowed, `number ${turn + 1}`);
  for (const node of cluster.nodes) {
    const refusal = await ask(node);
    assert.equal(refusal.status, 429);
    assert.ok(Number(refusal.headers.get('retry-after')) > 0);
  }
}

describe('limits of a cluster', unless, () => {
  test('failures at one node make the others wait, and a success at another forgives', () => undisturbed(async () => {
    const heard = await cluster.redis.listen();
    const anna = await cluster.node(0).register(uniqueName('anna'));
    for (let turn = 0; turn < kFreeFailures; turn += 1) assert.equal((await guess(cluster.node(0), anna)).status, 401);
    // A machine so slow that the wait is over in between meets one twice as long; five more would be free if nobody had told.
    let refusal;
    for (let turn = 0; turn < kFreeFailures - 1 && refusal?.status !== 429; turn += 1) refusal = await guess(cluster.node(1), anna);
    assert.equal(refusal.status, 429);
    const seconds = Number(refusal.headers.get('retry-after'));
    assert.ok(seconds > 0);
    await sleep(seconds * 1000);
    assert.equal((await logIn(cluster.node(2), anna)).status, 200);
    for (let turn = 0; turn < kFreeFailures; turn += 1) assert.equal((await guess(cluster.node(turn), anna)).status, 401);
    heard.stop();
    assert.match(heard.text, /restante:limit:\{[\w-]{22}\}/);
    assert.equal(heard.text.includes(anna.username), false, 'Redis hears no names');
  }));

  test('log-ins of an address', () => undisturbed(async () => {
    const { headers } = stranger();
    const anna = await cluster.node(0).register();
    await holds(kLogins, (node) => logIn(node, anna, { headers }), 200);
  }));

  test('registrations of an address', () => undisturbed(async () => {
    const heard = await cluster.redis.listen();
    const { address, headers } = stranger();
    await holds(kRegistrations, (node) => register(node, headers), 201);
    assert.equal((await register(cluster.node(0), stranger().headers)).status, 201, 'others are not concerned');
    heard.stop();
    assert.match(heard.text, /restante:limit:/);
    assert.equal(heard.text.includes(address), false, 'Redis hears no addresses');
  }));

  test('look-ups of a user', () => undisturbed(async () => {
    const anna = await cluster.node(0).register();
    await holds(kLookups, (node) => lookUp(node, anna), 200);
  }));

  test('friend requests of a user', () => undisturbed(async () => {
    const anna = await cluster.node(0).register();
    await holds(kRequests, (node) => request(node, anna), 202);
  }));

  for (const [how, begin] of [['dead', () => cluster.redis.kill()], ['silent', () => cluster.redis.freeze()]]) {
    test(`a ${how} Redis refuses nobody: each node counts for itself`, async () => {
      const { headers } = stranger();
      const anna = await cluster.node(0).register();
      await begin();
      for (const node of cluster.nodes) {
        const unshared = await node.metric('restante_limits_unshared_total');
        for (let turn = 0; turn < kRegistrations; turn += 1) assert.equal((await register(node, headers)).status, 201);
        assert.equal((await register(node, headers)).status, 429);
        for (let turn = 0; turn < kLookups; turn += 1) assert.equal((await lookUp(node, anna)).status, 200);
        assert.equal((await lookUp(node, anna)).status, 429);
        for (let turn = 0; turn < kLogins / 4; turn += 1) assert.equal((await logIn(node, anna, { headers })).status, 200);
        assert.equal((await logIn(node, anna, { headers })).status, 429);
        assert.ok(await node.metric('restante_limits_unshared_total') >= unshared + kRegistrations + kLookups + kLogins / 4);
      }
      // One guess is free at each node, where five are for all of them together; a machine may be slower than the wait after it.
      for (const node of cluster.nodes) {
        assert.equal((await guess(node, anna)).status, 401);
        await until(async () => (await guess(node, anna)).status === 429, 'a guess too many');
      }
    });
  }
});
