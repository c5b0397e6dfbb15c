'use strict';
// A test for each row of docs/push.md, "What FCM answers": what is tried again and when, and which address goes.
const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { World, answers } = require('./world');

const kRetryAfter = 1;
/** A first retry without Retry-After comes after 10 to 15 s. */
const kSlowRetryMs = 40_000;

let world;
before(async () => { world = await World.start(); });
after(() => world?.close());
beforeEach(() => world.reset());

const only = (token) => (request) => request.target === token;

/** The row's answer to the first push; then everything due has been handled. */
async function answerOnce(answer) {
  const { sender, user, token } = await world.away();
  world.standin.fcm.once(answer, only(token));
  await world.write(sender, user);
  await world.sent(token);
  return { sender, user, token };
}
async function assertKeptAndQuiet({ sender, user, token }) {
  await world.settled();
  assert.equal(world.standin.sentTo(token).length, 1, 'the push is not repeated');
  assert.deepEqual(await world.address(user), { kind: 'fcm', address: { token } });
  await world.write(sender, user, 'another');
  await world.sent(token, 2);
}
async function assertDeleted({ sender, user, token }) {
  await world.eventuallyWithout(user);
  await world.write(sender, user, 'another');
  await world.settled();
  assert.equal(world.standin.sentTo(token).length, 1, 'a dead address gets no push');
}
const seconds = (earlier, later) => (later.at - earlier.at) / 1000;

test('200: done', async () => {
  const { user, token, sender } = await world.away();
  await world.write(sender, user);
  await world.sent(token);
  await assertKeptAndQuiet({ sender, user, token });
  assert.ok((await world.outcomes('fcm')).accepted >= 2, JSON.stringify(await world.outcomes('fcm')));
  world.assertNoProblems();
});

test('400 INVALID_ARGUMENT about our payload: dropped, the address stays', async () => {
  await assertKeptAndQuiet(await answerOnce(answers.fcm.payloadRefused()));
});

test('400 INVALID_ARGUMENT about the token, said in words: the address goes', async () => {
  await assertDeleted(await answerOnce(answers.fcm.tokenInvalid()));
});

test('400 INVALID_ARGUMENT about the token, said by field: the address goes', async () => {
  await assertDeleted(await answerOnce(answers.fcm.tokenInvalidByField()));
});

test('403 SENDER_ID_MISMATCH: the address goes', async () => {
  await assertDeleted(await answerOnce(answers.fcm.senderMismatch()));
});

test('404 UNREGISTERED: the address goes', async () => {
  await assertDeleted(await answerOnce(answers.fcm.unregistered()));
});

test('404 UNREGISTERED for an address that was replaced meanwhile: the new one stays', async () => {
  const { sender, user, token } = await world.away();
  world.standin.fcm.once({ ...answers.fcm.unregistered(), delayMs: 600 }, only(token));
  await world.write(sender, user);
  await world.sent(token);
  const fresh = await world.giveToken(user);
  await world.settled();
  await world.answered(token);
  await world.write(sender, user, 'another');
  await world.sent(fresh);
  assert.deepEqual(await world.address(user), { kind: 'fcm', address: { token: fresh } });
});

test('401 UNAUTHENTICATED: one fresh token, one retry', async () => {
  await world.settled(); // there is a token now
  const tokens = world.standin.of('token').length;
  world.standin.revokeTokens();
  const { sender, user, token } = await world.away();
  await world.write(sender, user);
  const all = await world.sent(token, 2);
  assert.deepEqual(all.map(({ answer }) => answer), [401, 200]);
  assert.equal(world.standin.of('token').length, tokens + 1);
  assert.ok(seconds(all[0], all[1]) < 5, 'at once');
});

test('many pushes that find the token revoked share one new one', async () => {
  const people = [];
  for (let index = 0; index < 10; index += 1) people.push(await world.away());
  await world.settled();
  const tokens = world.standin.of('token').length;
  world.standin.revokeTokens();
  await Promise.all(people.map(({ sender, user }) => world.write(sender, user)));
  for (const { token } of people) await world.eventually(() => world.standin.sentTo(token).some(({ answer }) => answer === 200), 'a push with the new token');
  assert.ok(world.standin.of('token').length - tokens <= 2, 'one flight at a time');
});

test('429 with Retry-After: again, not earlier', async () => {
  const { token, user } = await answerOnce(answers.fcm.quota(2));
  const [first, second] = await world.sent(token, 2, kSlowRetryMs);
  assert.ok(seconds(first, second) >= 2, `after ${seconds(first, second)} s`);
  assert.ok(await world.address(user));
});

test('500: again a few times, five at most; then the next message is a new chance', async () => {
  const { sender, user, token } = await world.away();
  world.standin.fcm.times(5, { ...answers.fcm.internal(), headers: { 'retry-after': String(kRetryAfter) } }, only(token));
  await world.write(sender, user);
  const all = await world.sent(token, 5, kSlowRetryMs);
  for (let index = 1; index < all.length; index += 1) assert.ok(seconds(all[index - 1], all[index]) >= kRetryAfter);
  await world.settled();
  assert.equal(world.standin.sentTo(token).length, 5, 'given up after five tries');
  assert.ok(await world.address(user));
  await world.write(sender, user, 'another');
  assert.equal((await world.sent(token, 6)).at(-1).answer, 200);
});

test('503 with Retry-After: again, not earlier', async () => {
  const { token, user } = await answerOnce(answers.fcm.unavailable(2));
  const [first, second] = await world.sent(token, 2, kSlowRetryMs);
  assert.ok(seconds(first, second) >= 2, `after ${seconds(first, second)} s`);
  assert.ok(await world.address(user));
});

test('one connection carries many pushes at once (HTTP/2)', async () => {
  const people = [];
  for (let index = 0; index < 30; index += 1) people.push(await world.away());
  await world.settled();
  const before = world.standin.connections.length;
  await Promise.all(people.map(({ sender, user }) => world.write(sender, user)));
  for (const { token } of people) await world.sent(token);
  assert.ok(world.standin.connections.length - before <= 1, `${world.standin.connections.length - before} new connections`);
  assert.deepEqual(new Set(world.standin.requests.map(({ http }) => http)), new Set(['2.0']));
});
