'use strict';
// kill -9 in the middle of pushes: a job is part of its message's commit, so none is lost; at-least-once, so one may be repeated.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { World } = require('./world');

const kDevices = 40;
const kRounds = 3;

let world;
before(async () => { world = await World.start(); });
after(() => world?.close());

test(`kill -9 while ${kDevices} devices are being woken, ${kRounds} times: nobody is forgotten, nobody gets more than one repeat`, async () => {
  const people = [];
  for (let index = 0; index < kDevices; index += 1) people.push(await world.away());
  for (let round = 1; round <= kRounds; round += 1) {
    world.reset();
    world.standin.fcm.always({ status: 200, json: { name: 'projects/p/messages/1' }, delayMs: 100 });
    await Promise.all(people.map(({ sender, user }) => world.write(sender, user, `round ${round}`)));
    // Some have been answered, some are on their way, some have not begun.
    await world.eventually(() => world.standin.of('fcm').length >= round * 8, 'pushes under way');
    await world.server.kill();
    await world.server.boot();
    for (const { token } of people) {
      await world.eventually(() => world.standin.sentTo(token).some(({ answeredAt }) => answeredAt), `a push for each device in round ${round}`, 30_000);
    }
    await world.settled();
    const counts = people.map(({ token }) => world.standin.sentTo(token).length);
    assert.ok(Math.max(...counts) <= 2, `pushes a device: ${counts}`);
    world.assertNoProblems();
  }
});

test('a server that was down past the due time pushes when it is back', async () => {
  const { sender, user, token } = await world.away();
  world.reset();
  await world.write(sender, user);
  await world.server.kill();
  await world.server.boot();
  await world.sent(token, 1, 20_000);
});
