'use strict';
// Answers that concern the whole provider and not one device: credentials, permission, outage. Each has a server of its own.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { World, answers } = require('./world');

/** A provider that was away is asked again after 10 to 15 s. */
const kComebackMs = 60_000;

async function within(run, set) {
  const world = await World.start(set);
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

/** FCM refuses this server: nothing is lost, and after the repair (here: with a restart) everybody gets one push. */
async function refusedUntilRepaired(world, script) {
  const people = [await world.away(), await world.away()];
  script();
  for (const { sender, user } of people) await world.write(sender, user);
  await world.eventually(async () => Object.keys(await world.outcomes('fcm')).length > 0, 'an outcome');
  for (const { user, token } of people) assert.deepEqual(await world.address(user), { kind: 'fcm', address: { token } }, 'the address stays');
  for (const service of ['token', 'fcm']) world.standin[service].succeed();
  await world.server.restart();
  for (const { token } of people) {
    await world.eventually(() => world.standin.sentTo(token).some(({ answer }) => answer === 200), 'the push after the repair', kComebackMs);
    assert.equal(world.standin.sentTo(token).filter(({ answer }) => answer === 200).length, 1);
  }
}

for (const [name, answer] of [['401 THIRD_PARTY_AUTH_ERROR', answers.fcm.thirdPartyAuth()], ['403 PERMISSION_DENIED', answers.fcm.permissionDenied()],
  ['401 UNAUTHENTICATED, again and again', answers.fcm.unauthenticated()]]) {
  test(`${name}: the lane stops, jobs and addresses stay`, () => within((world) => refusedUntilRepaired(world, () => world.standin.fcm.always(answer))));
}

test('the token endpoint refuses the key: the lane stops, jobs and addresses stay', () =>
  within((world) => refusedUntilRepaired(world, () => world.standin.token.always(answers.token.refused()))));

test('a lane that stops says so, and asks seldom', () => within(async (world) => {
  world.standin.fcm.always(answers.fcm.permissionDenied());
  for (let index = 0; index < 5; index += 1) {
    const { sender, user } = await world.away();
    await world.write(sender, user);
  }
  await world.eventually(() => world.standin.of('fcm').length > 0, 'the first push');
  const stopped = await world.eventually(async () => (await world.outcomes('fcm')).lane_stopped, 'the outcome in the metrics');
  assert.ok(stopped <= 5);
  const asked = world.standin.of('fcm').length;
  const late = await world.awayBrowser();
  await world.write(late.sender, late.user);
  await world.pushed(late.subscription); // the other provider goes on
  assert.ok(world.standin.of('fcm').length - asked <= 1, 'a refusing provider is not asked for every message');
}));

test('a stopped FCM does not stop Web Push', () => within(async (world) => {
  world.standin.fcm.always(answers.fcm.permissionDenied());
  const phone = await world.away();
  await world.write(phone.sender, phone.user);
  await world.sent(phone.token);
  const browser = await world.awayBrowser();
  await world.write(browser.sender, browser.user);
  await world.pushed(browser.subscription);
}));

test('an outage costs a job a device, never a message: one push each when the provider is back', () => within(async (world) => {
  const people = [await world.away(), await world.away(), await world.awayBrowser()];
  await world.standin.outage();
  for (let round = 0; round < 5; round += 1) {
    for (const { sender, user } of people) await world.write(sender, user, `round ${round}`);
  }
  await world.eventually(async () => (await world.outcomes('fcm')).unavailable > 0, 'a push that found nobody');
  await world.standin.recover();
  for (const { token, subscription } of people) await (token ? world.sent(token, 1, kComebackMs) : world.pushed(subscription, 1, kComebackMs));
  for (const { sender, user, token, subscription } of people) {
    assert.equal((token ? world.standin.sentTo(token) : world.standin.pushedTo(subscription)).length, 1, 'one push for five messages');
    assert.equal((await world.server.history(user, sender)).length, 5);
    assert.ok(await world.address(user));
  }
  world.assertNoProblems();
}));

for (const [name, answer] of [['cuts the connection', answers.broken.reset()], ['never answers', answers.broken.hang()]]) {
  test(`a provider that ${name}: again later`, () => within(async (world) => {
    const { sender, user, token } = await world.away();
    world.standin.fcm.once(answer, ({ target }) => target === token);
    await world.write(sender, user);
    const all = await world.sent(token, 2, kComebackMs);
    assert.equal(all.at(-1).answer, 200);
    assert.ok(await world.address(user));
  }));
}

test('a certificate of somebody else is no provider', async () => {
  const other = await World.start();
  try {
    await within(async (world) => {
      const { sender, user, token } = await world.away();
      await world.write(sender, user);
      await world.eventually(async () => (await world.outcomes('fcm')).unavailable > 0, 'a push that was not sent');
      assert.equal(world.standin.requests.length, 0);
      assert.deepEqual(await world.address(user), { kind: 'fcm', address: { token } });
    }, { 'push.ca_file': other.standin.certificates.caFile });
  } finally {
    await other.close();
  }
});
