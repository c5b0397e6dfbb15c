'use strict';
// `restante push test USER`: names the broken hop and what to do about it, while the server runs.
const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { runToEnd } = require('../integration/harness');
const { World, answers } = require('./world');

let world;
before(async () => { world = await World.start(); });
after(() => world?.close());
beforeEach(() => world.reset());

function pushTest(name, set = {}) {
  const settings = { ...world.standin.settings, ...set };
  const all = Object.entries(settings).filter(([, value]) => value !== undefined).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  return runToEnd(['push', 'test', name, '--data', world.server.data, ...all], { timeoutMs: 40_000 });
}
const hop = (output, name) => output.split('\n').find((line) => line.trim().startsWith(name)) ?? `no hop ${name} in ${output}`;

test('every hop holds: exit status 0, and the device got a test', async () => {
  const { user, token } = await world.away();
  const { code, stdout, stderr } = await pushTest(user.username);
  assert.equal(code, 0, stdout + stderr);
  for (const name of ['address', 'provider', 'key file', 'token', 'send']) assert.match(hop(stdout, name), / ok /, stdout);
  const [{ shown }] = world.standin.sentTo(token);
  assert.match(shown.body, /test/);
  assert.ok(!(stdout + stderr).includes(token), 'an address is as good as a password for pushing');
  world.assertNoProblems();
});

test('a browser: exit status 0', async () => {
  const { user, subscription } = await world.awayBrowser();
  const { code, stdout } = await pushTest(user.username);
  assert.equal(code, 0, stdout);
  const { webpush } = await world.server.expect(200, 'GET', '/push', { token: user.token });
  assert.equal(world.standin.pushedTo(subscription)[0].vapid.key, webpush.publicKey, 'with the server\'s key');
  assert.match(hop(stdout, 'send'), / ok /);
});

test('nobody of that name', async () => {
  const { code, stderr } = await pushTest('nobody-at-all');
  assert.equal(code, 1);
  assert.match(stderr, /no user "nobody-at-all"/);
});

test('no address: says that the app has to register', async () => {
  const [, user] = await world.pair();
  const { code, stdout } = await pushTest(user.username);
  assert.equal(code, 1);
  assert.match(hop(stdout, 'address'), /WRONG none: .*PUT \/api\/v1\/devices\/phone\/push/);
});

test('no key file is set', async () => {
  const { user } = await world.away();
  const { code, stdout } = await pushTest(user.username, { 'push.fcm_service_account': undefined });
  assert.equal(code, 1);
  assert.match(hop(stdout, 'provider'), /WRONG .*push\.fcm_service_account is empty/);
});

test('the key file is not there, or is none', async () => {
  const { user } = await world.away();
  const missing = await pushTest(user.username, { 'push.fcm_service_account': '/nonexistent/key.json' });
  assert.equal(missing.code, 1);
  assert.match(hop(missing.stdout, 'key file'), /WRONG \/nonexistent\/key\.json cannot be opened/);
  const { private_key: _, ...rest } = world.standin.account.json;
  const broken = world.standin.account.writeTo(path.join(world.standin.folder, 'broken.json'), { ...rest, private_key: 'no key' });
  const wrong = await pushTest(user.username, { 'push.fcm_service_account': broken });
  assert.equal(wrong.code, 1);
  assert.match(hop(wrong.stdout, 'key file'), /WRONG .*private_key/);
});

test('the token is refused', async () => {
  const { user, token } = await world.away();
  world.standin.token.always(answers.token.refused());
  const { code, stdout } = await pushTest(user.username);
  assert.equal(code, 1);
  assert.match(hop(stdout, 'token'), /WRONG invalid_grant/);
  assert.equal(world.standin.sentTo(token).length, 0);
});

test('a dead address', async () => {
  const { user } = await world.away();
  world.standin.fcm.once(answers.fcm.unregistered());
  const { code, stdout } = await pushTest(user.username);
  assert.equal(code, 1);
  assert.match(hop(stdout, 'send'), /WRONG UNREGISTERED: .*register again/);
  assert.ok(await world.address(user), 'the command changes nothing');
});

test('no permission', async () => {
  const { user } = await world.away();
  world.standin.fcm.once(answers.fcm.permissionDenied());
  const { code, stdout } = await pushTest(user.username);
  assert.equal(code, 1);
  assert.match(hop(stdout, 'send'), /WRONG PERMISSION_DENIED: .*role/);
});

test('one device of two is enough', async () => {
  const [, user] = await world.pair();
  await world.giveToken(await world.server.logIn(user, 'tablet'));
  const { code, stdout } = await pushTest(user.username);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /1 of 2 devices/);
});
