'use strict';
// What a push contains, to the character, and what it must never contain.
const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { World } = require('./world');

let world;
before(async () => { world = await World.start(); });
after(() => world?.close());
beforeEach(() => world.reset());

const showPreviews = (user, on = true) => world.server.expect(200, 'PATCH', '/me', { token: user.token, body: { pushPreviews: on } });

test('with previews FCM gets the founding shape: title, body, sound, badge, type, senderId, messageId', async () => {
  const { sender, user, token } = await world.away();
  await showPreviews(user);
  const message = await world.write(sender, user, 'See you at the station at seven');
  const [{ shown, message: raw }] = await world.sent(token);
  assert.equal(shown.title, sender.username);
  assert.equal(shown.body, 'See you at the station at seven');
  assert.deepEqual(shown.sound, ['default', 'default']);
  assert.deepEqual(shown.badge, [1, 1]);
  assert.deepEqual(shown.data, { type: 'new_message', senderId: sender.id, messageId: message._id });
  assert.match(raw.android.priority, /high/i);
  world.assertNoProblems();
});

const kCut = {
  'exactly 100 characters stay': ['x'.repeat(100), 'x'.repeat(100)],
  'an emoji of two UTF-16 units is one character': ['👋'.repeat(120), '👋'.repeat(100)],
  'accents and other alphabets': ['é'.repeat(60) + 'ж'.repeat(60), 'é'.repeat(60) + 'ж'.repeat(40)],
};
for (const [what, [text, expected]] of Object.entries(kCut)) {
  test(`the body has at most 100 characters and ends between two: ${what}`, async () => {
    const { sender, user, token } = await world.away();
    await showPreviews(user);
    await world.write(sender, user, text);
    const [{ shown }] = await world.sent(token);
    assert.equal(shown.body, expected);
    assert.ok(!shown.body.includes('�'));
    world.assertNoProblems();
  });
}

test('a long text ends within 100 characters and says nothing else', async () => {
  const { sender, user, token } = await world.away();
  await showPreviews(user);
  const text = 'word '.repeat(60).trim();
  await world.write(sender, user, text);
  const [{ shown }] = await world.sent(token);
  assert.ok([...shown.body].length <= 100);
  assert.ok(text.startsWith(shown.body.replace(/…$/, '')), shown.body);
});

test('with previews a browser gets the same, encrypted for it alone', async () => {
  const { sender, user, subscription } = await world.awayBrowser();
  await showPreviews(user);
  const message = await world.write(sender, user, 'Grüße 👋');
  const [push] = await world.pushed(subscription);
  assert.deepEqual([push.json.title, push.json.body, push.json.badge], [sender.username, 'Grüße 👋', 1]);
  assert.deepEqual([push.json.data.senderId, push.json.data.messageId], [sender.id, message._id]);
  assert.ok(!push.body.includes('Gr'), 'the body on the wire is ciphertext');
  world.assertNoProblems();
});

test('by default nothing but "new message" leaves: no text, no name, no id in any body or header', async () => {
  const { sender, user, token } = await world.away();
  const browser = await world.server.logIn(user, 'browser');
  const subscription = await world.giveSubscription(browser);
  const canary = `canary-${'k'.repeat(8)}-${Math.random().toString(36).slice(2)}`;
  const message = await world.write(sender, user, canary);
  const [fcm] = await world.sent(token);
  const [web] = await world.pushed(subscription);
  assert.deepEqual([fcm.shown.title, fcm.shown.body || '', web.json.title, web.json.body], ['New message', '', 'New message', '']);
  assert.deepEqual([fcm.shown.badge, web.json.badge], [[1, 1], 1]);
  assert.equal(fcm.shown.data.t, 'm');
  assert.ok(fcm.shown.data.n.length > 0, 'an opaque number');
  const secrets = [canary, sender.username, user.username, sender.email, user.email, sender.id, user.id, message._id, sender.device, user.device, browser.device]
    .flatMap((secret) => [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('base64url'), Buffer.from(secret).toString('hex')])
    .filter((secret) => secret.length >= 5);
  for (const id of [sender.id, user.id, message._id]) secrets.push(Buffer.from(id, 'hex').toString('base64url'));
  for (const request of world.standin.requests) {
    const everything = [request.path, JSON.stringify(request.headers), request.body.toString('latin1'), request.text ?? ''].join('\n');
    // The address itself is the recipient's; the token request says who this server is.
    const told = everything.replaceAll(token, '').replaceAll(subscription.id, '');
    for (const secret of secrets) assert.ok(!told.includes(secret), `${secret} in a ${request.service} request`);
  }
  world.assertNoProblems();
});

test('the badge is the number of unread messages of all conversations', async () => {
  const { sender, user, token } = await world.away();
  const other = await world.server.register();
  await world.server.befriend(other, user);
  await world.write(sender, user, 'one');
  await world.sent(token, 1);
  await world.write(other, user, 'two');
  await world.sent(token, 2);
  await world.write(sender, user, 'three');
  const all = await world.sent(token, 3);
  assert.deepEqual(all.map(({ shown }) => shown.badge[1]), [1, 2, 3]);
});

test('previews switched off again are off', async () => {
  const { sender, user, token } = await world.away();
  await showPreviews(user);
  await showPreviews(user, false);
  await world.write(sender, user, 'not for others');
  const [{ shown }] = await world.sent(token);
  assert.equal(shown.title, 'New message');
});

test('the TTL is what is left of the message\'s life, at most 28 days, and it collapses', async () => {
  const { sender, user, token } = await world.away();
  const subscription = await world.giveSubscription(await world.server.logIn(user, 'browser'));
  await world.write(sender, user);
  const [{ message }] = await world.sent(token);
  const [push] = await world.pushed(subscription);
  assert.equal(message.android.ttl, '2419200s', 'a message lives 30 days by default; FCM takes 28');
  assert.equal(push.ttl, 2_419_200);
  assert.ok(message.android.collapse_key && message.apns.headers['apns-collapse-id']);
  assert.match(push.headers.topic, /^[A-Za-z0-9_-]{1,32}$/);
  assert.equal(push.headers.urgency, 'high');
  world.assertNoProblems();
});

test('installations are addressed as such', async () => {
  const [sender, user] = await world.pair();
  await world.put(user, { kind: 'fcm', address: { fid: 'dFi1rS7InstallationId0' } });
  await world.write(sender, user);
  const [{ message }] = await world.sent('dFi1rS7InstallationId0');
  assert.deepEqual([message.fid, message.token], ['dFi1rS7InstallationId0', undefined]);
});

test('the VAPID key is the one that pages are told, and one token serves an origin', async () => {
  const first = await world.awayBrowser();
  const second = await world.awayBrowser();
  await world.write(first.sender, first.user);
  await world.write(second.sender, second.user);
  const [one] = await world.pushed(first.subscription);
  const [two] = await world.pushed(second.subscription);
  const { webpush, fcm } = await world.server.expect(200, 'GET', '/push', { token: first.user.token });
  assert.equal(fcm, true);
  assert.deepEqual([one.vapid.key, two.vapid.key], [webpush.publicKey, webpush.publicKey]);
  assert.equal(one.vapid.token, two.vapid.token);
  assert.equal(one.vapid.claims.sub, 'mailto:operator@localhost');
  assert.notDeepEqual(one.body.subarray(0, 16), two.body.subarray(0, 16), 'a fresh salt for each');
  world.assertNoProblems();
});
