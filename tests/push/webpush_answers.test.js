'use strict';
// A test for each row of docs/push.md, "What a push service answers".
const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { World, answers } = require('./world');

const kSlowRetryMs = 40_000;

let world;
before(async () => { world = await World.start(); });
after(() => world?.close());
beforeEach(() => world.reset());

const only = (subscription) => (request) => request.target === subscription.id;
const seconds = (earlier, later) => (later.at - earlier.at) / 1000;

async function answerOnce(answer) {
  const away = await world.awayBrowser();
  world.standin.webpush.once(answer, only(away.subscription));
  await world.write(away.sender, away.user);
  await world.pushed(away.subscription);
  return away;
}
/** Of this provider's lane: pushes leave in the order in which they fall due. */
async function settled() {
  const other = await world.awayBrowser();
  await world.write(other.sender, other.user);
  await world.pushed(other.subscription);
}
async function assertKeptAndQuiet({ sender, user, subscription }) {
  await settled();
  assert.equal(world.standin.pushedTo(subscription).length, 1, 'the push is not repeated');
  assert.equal((await world.address(user)).address.endpoint, subscription.endpoint);
  await world.write(sender, user, 'another');
  await world.pushed(subscription, 2);
}
async function assertDeleted({ sender, user, subscription }) {
  await world.eventuallyWithout(user);
  await world.write(sender, user, 'another');
  await settled();
  assert.equal(world.standin.pushedTo(subscription).length, 1, 'a dead address gets no push');
}

test('201: done', async () => {
  const away = await world.awayBrowser();
  await world.write(away.sender, away.user);
  await world.pushed(away.subscription);
  await assertKeptAndQuiet(away);
  assert.ok((await world.outcomes('webpush')).accepted >= 2);
  world.assertNoProblems();
});

for (const [name, answer] of [['404', answers.webpush.notFound()], ['410', answers.webpush.gone()]]) {
  test(`${name}: the subscription goes`, async () => assertDeleted(await answerOnce(answer)));
}

test('404 for a subscription that was replaced meanwhile: the new one stays', async () => {
  const { sender, user, subscription } = await world.awayBrowser();
  world.standin.webpush.once({ ...answers.webpush.gone(), delayMs: 600 }, only(subscription));
  await world.write(sender, user);
  await world.pushed(subscription);
  const fresh = await world.giveSubscription(user);
  await world.answered(subscription.id);
  await settled();
  await world.write(sender, user, 'another');
  await world.pushed(fresh);
  assert.equal((await world.address(user)).address.endpoint, fresh.endpoint);
});

for (const [name, answer] of [['400', answers.webpush.badRequest()], ['403', answers.webpush.forbidden()], ['413', answers.webpush.tooLarge()]]) {
  test(`${name}: dropped, the subscription stays and nobody else is held up`, async () => assertKeptAndQuiet(await answerOnce(answer)));
}

test('a redirect is not followed', async () => {
  const other = world.standin.subscribe();
  await assertKeptAndQuiet(await answerOnce(answers.webpush.redirect(other.endpoint)));
  assert.equal(world.standin.pushedTo(other).length, 0);
});

for (const [name, make] of [['429', answers.webpush.throttled], ['503', answers.webpush.unavailable]]) {
  test(`${name} with Retry-After: again, not earlier`, async () => {
    const { user, subscription } = await answerOnce(make(2));
    const [first, second] = await world.pushed(subscription, 2, kSlowRetryMs);
    assert.ok(seconds(first, second) >= 2, `after ${seconds(first, second)} s`);
    assert.ok(await world.address(user));
  });
}

test('500: again', async () => {
  const { user, subscription } = await answerOnce({ ...answers.webpush.internal(), headers: { 'retry-after': '1' } });
  const [first, second] = await world.pushed(subscription, 2, kSlowRetryMs);
  assert.ok(seconds(first, second) >= 1);
  assert.ok(await world.address(user));
});
