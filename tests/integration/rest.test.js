'use strict';
// Every row of the HTTP interface; every answer is checked against the OpenAPI document that the server publishes.
const assert = require('node:assert/strict');
const net = require('node:net');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, sleep, uniqueName, until } = require('./harness');
const { OpenApi } = require('./openapi');

const kId = /^[0-9a-f]{24}$/;
const kTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const kNobody = '0123456789abcdef01234567';

let server;
let openApi;
before(async () => {
  server = await Server.start();
  const answer = await server.call('GET', '/openapi.json');
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /json/);
  assert.match(answer.body.openapi, /^3\.1\./);
  openApi = new OpenApi(answer.body);
  server.onAnswer = (method, route, result) => openApi.check(method, route, result);
});
after(() => cleanUp(server));

test('the document names every call of the interface', () => {
  const calls = ['POST /register', 'POST /login', 'POST /refresh', 'POST /logout', 'POST /me/password', 'GET /me', 'PATCH /me', 'DELETE /me', 'GET /me/export', 'GET /users',
    'GET /friends', 'POST /friends/requests', 'GET /friends/requests', 'POST /friends/requests/{}/accept', 'POST /friends/requests/{}/decline', 'DELETE /friends/{}',
    'PUT /blocks/{}', 'DELETE /blocks/{}', 'GET /blocks', 'GET /conversations', 'GET /conversations/{}/messages', 'GET /messages/{}', 'POST /messages', 'POST /conversations/{}/read',
    'GET /devices', 'DELETE /devices/{}', 'GET /sessions', 'DELETE /sessions/{}', 'PUT /devices/{}/push', 'DELETE /devices/{}/push', 'GET /push'];
  const known = new Set(Object.entries(openApi.document.paths).flatMap(([route, verbs]) =>
    Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${route.replace(/^\/api\/v1/, '').replace(/\{[^}]+\}/g, '{}')}`)));
  for (const call of calls) assert.ok(known.has(call), `${call} is not in the document`);
});

test('register and login answer the same shape', async () => {
  const name = uniqueName('shape');
  const account = { username: name, email: `${name}@example.org`, password: 'correct horse' };
  const registered = await server.expect(201, 'POST', '/register', { body: { ...account, device: 'my-phone' } });
  assert.match(registered.user._id, kId);
  assert.equal(registered.user.username, name);
  assert.equal(registered.device, 'my-phone');
  assert.ok(registered.expiresIn > 0 && registered.expiresIn <= 900);
  assert.equal(registered.accessToken.split('.').length, 3);
  const loggedIn = await server.expect(200, 'POST', '/login', { body: { username: name, password: account.password } });
  assert.deepEqual(Object.keys(loggedIn).sort(), Object.keys(registered).sort());
  assert.match(loggedIn.device, /^[A-Za-z0-9._-]{1,64}$/);
  assert.notEqual(loggedIn.device, 'my-phone');
  const { user } = await server.expect(200, 'GET', '/me', { token: loggedIn.accessToken });
  assert.deepEqual([user._id, user.username, user.email], [registered.user._id, name, account.email]);
  assert.equal(JSON.stringify(user).includes('argon2'), false);
  await server.expect(409, 'POST', '/register', { body: { ...account, email: 'other@example.org' } });
  await server.expect(400, 'POST', '/register', { body: { ...account, username: uniqueName(), email: 'x@example.org', device: 'bad name' } });
});

/** The answer to bytes that no client of HTTP would send, after which the server closes. */
async function ask(request) {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.write(request);
  let answer = '';
  for await (const bytes of socket) answer += bytes;
  const [head, body] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body };
}

test('a body above every limit is refused in words, and its framing too', async () => {
  for (const size of [64 * 1024 + 1, 256 * 1024 + 1, 2 * 1024 * 1024]) {
    const { error } = await server.expect(413, 'POST', '/login', { body: `{"username":"${'x'.repeat(size)}"}` });
    assert.equal(error.code, 'too_large');
  }
  const { head, body } = await ask('POST /api/v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n');
  assert.match(head, /^HTTP\/1\.1 400 /);
  assert.match(head, /connection: close/i);
  assert.equal(JSON.parse(body).error.code, 'invalid');
});

test('what is no proper request is refused in words, but for the paths of Socket.IO', async () => {
  const host = 'HTTP/1.1\r\nHost: x\r\n';
  const long = 'a'.repeat(10_000);
  const broken = (path) => [
    [400, 'invalid', `GET ${path}%ZZ ${host}\r\n`],
    [400, 'invalid', `GET ${path}%00 ${host}\r\n`],
    [400, 'invalid', `GET ${path}../../../../.. ${host}\r\n`],
    [400, 'invalid', `GET ${path} HTTP/1.1\r\n\r\n`],
    [414, 'too_large', `GET ${path}${long} ${host}\r\n`],
    [431, 'too_large', `GET ${path} ${host}X: ${long}${long}\r\n\r\n`],
    [501, 'invalid', `POST ${path} ${host}Transfer-Encoding: gzip\r\n\r\n`],
    [505, 'invalid', `GET ${path} HTTP/2.0\r\nHost: x\r\n\r\n`],
  ];
  for (const [status, code, request] of broken('/api/v1/users/')) {
    const answer = await ask(request);
    assert.equal(answer.status, status, request.slice(0, 80));
    assert.match(answer.head, /content-type: application\/json/i);
    assert.match(answer.head, /connection: close/i);
    const { error } = JSON.parse(answer.body);
    assert.equal(error.code, code, request.slice(0, 80));
    assert.ok(error.message.length > 0);
  }
  for (const [status, , request] of broken('/socket.io/')) {
    const answer = await ask(request);
    assert.deepEqual([answer.status, answer.body], [status, ''], request.slice(0, 80));
  }
  assert.equal((await ask('\x16\x03\x01\r\n\r\n')).body, '');
});

test('a profile can be changed', async () => {
  const anna = await server.register();
  const email = `${uniqueName('new')}@example.org`;
  const { user } = await server.expect(200, 'PATCH', '/me', { token: anna.token, body: { email } });
  assert.equal(user.email, email);
  assert.equal((await server.expect(200, 'GET', '/me', { token: anna.token })).user.email, email);
  await server.expect(400, 'PATCH', '/me', { token: anna.token, body: { email: 7 } });
});

test('users are found by their exact name only', async () => {
  const anna = await server.register();
  const { user } = await server.expect(200, 'GET', `/users?username=${anna.username}`, { token: anna.token });
  assert.deepEqual(user, { _id: anna.id, username: anna.username });
  await server.expect(404, 'GET', `/users?username=${anna.username.slice(0, -1)}`, { token: anna.token });
  await server.expect(401, 'GET', `/users?username=${anna.username}`);
});

test('friend requests: sent, listed, declined, accepted, crossing, removed', async () => {
  const [anna, bert] = [await server.register(), await server.register()];
  const requests = (user) => server.expect(200, 'GET', '/friends/requests', { token: user.token });
  await server.expect(202, 'POST', '/friends/requests', { token: anna.token, body: { username: bert.username } });
  assert.deepEqual((await requests(anna)).outgoing.map((each) => each.user), [{ _id: bert.id, username: bert.username }]);
  const { incoming } = await requests(bert);
  assert.deepEqual(incoming.map((each) => each.user), [{ _id: anna.id, username: anna.username }]);
  assert.match(incoming[0].timestamp, kTime);
  await server.expect(204, 'POST', `/friends/requests/${anna.id}/decline`, { token: bert.token });
  assert.deepEqual(await requests(bert), { incoming: [], outgoing: [] });
  await server.expect(404, 'POST', `/friends/requests/${anna.id}/accept`, { token: bert.token });

  await server.expect(202, 'POST', '/friends/requests', { token: anna.token, body: { userId: bert.id } });
  await server.expect(202, 'POST', '/friends/requests', { token: bert.token, body: { userId: anna.id } });
  for (const [user, other] of [[anna, bert], [bert, anna]]) {
    const { friends } = await server.expect(200, 'GET', '/friends', { token: user.token });
    assert.deepEqual(friends.map(({ _id, username, isOnline }) => ({ _id, username, isOnline })), [{ _id: other.id, username: other.username, isOnline: false }]);
    assert.ok('lastSeen' in friends[0]);
    assert.deepEqual(await requests(user), { incoming: [], outgoing: [] });
  }
  await server.expect(204, 'DELETE', `/friends/${bert.id}`, { token: anna.token });
  assert.deepEqual((await server.expect(200, 'GET', '/friends', { token: bert.token })).friends, []);
  await server.expect(202, 'POST', '/friends/requests', { token: anna.token, body: { username: 'nobody.of.this.name' } });
  await server.expect(400, 'POST', '/friends/requests', { token: anna.token, body: {} });
});

test('a request to somebody who blocks answers like any other and reaches nobody', async () => {
  const [anna, bert] = [await server.register(), await server.register()];
  await server.expect(204, 'PUT', `/blocks/${anna.id}`, { token: bert.token });
  assert.deepEqual((await server.expect(200, 'GET', '/blocks', { token: bert.token })).blocked, [{ _id: anna.id, username: anna.username }]);
  const blocked = await server.call('POST', '/friends/requests', { token: anna.token, body: { userId: bert.id } });
  const unknown = await server.call('POST', '/friends/requests', { token: anna.token, body: { userId: kNobody } });
  assert.deepEqual([blocked.status, blocked.body], [unknown.status, unknown.body]);
  assert.deepEqual((await server.expect(200, 'GET', '/friends/requests', { token: bert.token })).incoming, []);
  await server.expect(204, 'DELETE', `/blocks/${anna.id}`, { token: bert.token });
  assert.deepEqual((await server.expect(200, 'GET', '/blocks', { token: bert.token })).blocked, []);
});

test('messages over HTTP: 201, 200 for a repeat, read by id, marked read', async () => {
  const [anna, bert] = await server.friends();
  const body = { recipient: bert.id, content: 'by post', clientId: 'p1' };
  const first = await server.expect(201, 'POST', '/messages', { token: anna.token, body });
  assert.deepEqual([first.ok, first.status, first.online, first.duplicate], [true, 'sent', false, false]);
  assert.match(first.message._id, kId);
  assert.match(first.message.timestamp, kTime);
  const again = await server.expect(200, 'POST', '/messages', { token: anna.token, body });
  assert.equal(again.duplicate, true);
  assert.deepEqual(again.message, first.message);
  const { message } = await server.expect(200, 'GET', `/messages/${first.message._id}`, { token: bert.token });
  assert.equal(message.content, 'by post');
  assert.equal('clientId' in message, false);
  assert.equal((await server.expect(200, 'GET', `/messages/${first.message._id}`, { token: anna.token })).message.clientId, 'p1');
  const stranger = await server.register();
  await server.expect(404, 'GET', `/messages/${first.message._id}`, { token: stranger.token });
  await server.expect(404, 'GET', `/conversations/${anna.id}/messages`, { token: stranger.token });
  await server.expect(204, 'POST', `/conversations/${anna.id}/read`, { token: bert.token, body: { upTo: 1 } });
  assert.equal((await server.history(anna, bert))[0].status, 'read');
  await server.expect(400, 'POST', `/conversations/${anna.id}/read`, { token: bert.token, body: {} });
  const berts = await Client.connect(server, bert);
  await berts.received(1);
});

test('conversations: newest first, unread counts, the peer', async () => {
  const [anna, bert] = await server.friends();
  const carl = await server.register();
  await server.befriend(anna, carl);
  assert.deepEqual((await server.expect(200, 'GET', '/conversations', { token: anna.token })).conversations, []);
  const post = (from, to, content) => server.expect(201, 'POST', '/messages', { token: from.token, body: { recipient: to.id, content } });
  for (const text of ['one', 'two', 'three']) await post(bert, anna, text);
  await sleep(5);
  await post(carl, anna, 'hello');
  await post(anna, carl, 'hello yourself');
  const list = async () => (await server.expect(200, 'GET', '/conversations', { token: anna.token })).conversations;
  let conversations = await list();
  assert.deepEqual(conversations.map(({ peer, lastMessage, unread }) => [peer, lastMessage.content, unread]),
    [[{ _id: carl.id, username: carl.username }, 'hello yourself', 1], [{ _id: bert.id, username: bert.username }, 'three', 3]]);
  await server.expect(204, 'POST', `/conversations/${bert.id}/read`, { token: anna.token, body: { upTo: 2 } });
  await sleep(5);
  await post(bert, anna, 'four');
  conversations = await list();
  assert.deepEqual(conversations.map(({ peer, unread }) => [peer._id, unread]), [[bert.id, 2], [carl.id, 1]]);
});

test('history comes in pages without gap or repeat', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  for (let index = 1; index <= 25; index += 1) await annas.sent(bert, `m${index}`);
  const seen = [];
  let query = '?limit=10';
  for (let page = 0; page < 3; page += 1) {
    const { messages, next } = await server.expect(200, 'GET', `/conversations/${anna.id}/messages${query}`, { token: bert.token });
    seen.push(...messages.map((message) => message.seq));
    assert.equal(next === undefined, page === 2);
    query = `?limit=10&before=${next}`;
  }
  assert.deepEqual(seen, Array.from({ length: 25 }, (_, index) => 25 - index));
  for (const wrong of ['limit=0', 'limit=201', 'limit=x', 'limit=-1', 'before=x', 'before=-3']) {
    await server.expect(400, 'GET', `/conversations/${anna.id}/messages?${wrong}`, { token: bert.token });
  }
  assert.equal((await server.history(bert, anna, '')).length > 0, true);
});

test('devices and sessions are listed with what they are', async () => {
  const anna = await server.register();
  await server.logIn(anna, 'second');
  const annas = await Client.connect(server, anna);
  const { devices } = await server.expect(200, 'GET', '/devices', { token: anna.token });
  assert.deepEqual(devices.map((each) => each.device).sort(), [anna.device, 'second'].sort());
  assert.deepEqual(devices.map((each) => each.online).sort(), [false, true]);
  assert.ok(devices.every((each) => Number.isInteger(each.position) && 'lastSeen' in each));
  const { sessions } = await server.expect(200, 'GET', '/sessions', { token: anna.token });
  assert.equal(sessions.length, 2);
  for (const each of sessions) {
    assert.match(each._id, kId);
    assert.match(each.created, kTime);
    assert.match(each.lastUsed, kTime);
    assert.equal(each.address, '127.0.0.1');
  }
  await server.expect(404, 'DELETE', `/sessions/${kNobody}`, { token: anna.token });
  const stranger = await server.register();
  await server.expect(404, 'DELETE', `/sessions/${sessions[0]._id}`, { token: stranger.token });
  annas.close();
});

test('above the limit of devices the least recently used offline one goes', async () => {
  const small = await Server.start({ set: { 'limits.devices_per_user': 3 } });
  try {
    const anna = await small.register(undefined, 'd0');
    const live = await Client.connect(small, anna);
    for (const name of ['d1', 'd2', 'd3']) {
      await sleep(20);
      await small.logIn(anna, name);
    }
    const { devices } = await small.expect(200, 'GET', '/devices', { token: anna.token });
    assert.deepEqual(devices.map((each) => each.device).sort(), ['d0', 'd2', 'd3']);
    assert.equal(live.socket.connected, true);
  } finally {
    await small.dispose();
  }
});

test('refresh: the parent may be repeated until a child is used, then re-use ends the session', async () => {
  const anna = await server.register();
  const refresh = (refreshToken, status = 200) => server.expect(status, 'POST', '/refresh', { body: { refreshToken } });
  const parent = anna.refreshToken;
  const first = await refresh(parent);
  const second = await refresh(parent);
  assert.notEqual(first.refreshToken, second.refreshToken);
  for (const { accessToken } of [first, second]) await server.expect(200, 'GET', '/me', { token: accessToken });
  const grandchild = await refresh(second.refreshToken);
  const annas = await Client.connect(server, { ...anna, token: grandchild.accessToken });
  await refresh(first.refreshToken, 401);
  assert.deepEqual(await annas.event('session_expired'), { reason: 'revoked' });
  await refresh(grandchild.refreshToken, 401);
  await server.expect(401, 'GET', '/me', { token: grandchild.accessToken });
});

test('refresh: the parent after its child was used is re-use', async () => {
  const anna = await server.register();
  const other = await server.logIn(anna, 'other');
  const child = await server.expect(200, 'POST', '/refresh', { body: { refreshToken: anna.refreshToken } });
  await server.expect(200, 'POST', '/refresh', { body: { refreshToken: child.refreshToken } });
  await server.expect(401, 'POST', '/refresh', { body: { refreshToken: anna.refreshToken } });
  await server.expect(401, 'GET', '/me', { token: child.accessToken });
  await server.expect(200, 'GET', '/me', { token: other.token });
});

test('export holds what is stored; erase ends it', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  await annas.sent(bert, 'words of anna', 'e1');
  const everything = JSON.stringify(await server.expect(200, 'GET', '/me/export', { token: anna.token }));
  for (const part of ['words of anna', anna.email, anna.device, bert.id]) assert.ok(everything.includes(part), `the export lacks ${part}`);
  await server.expect(204, 'DELETE', '/me', { token: anna.token });
  await server.expect(401, 'GET', '/me', { token: anna.token });
  await until(async () => (await server.expect(200, 'GET', '/friends', { token: bert.token })).friends.length === 0, 'the friendship to end');
  await server.expect(404, 'GET', `/users?username=${anna.username}`, { token: bert.token });
  const berts = await Client.connect(server, bert);
  assert.equal((await berts.send(anna.id, 'to nobody')).error.code, 'not_allowed');
  const again = await server.register(anna.username);
  assert.notEqual(again.id, anna.id);
});

test('health, readiness and the page need no token', async () => {
  for (const route of ['/healthz', '/readyz', '/metrics']) assert.equal((await fetch(server.url + route)).status, 200, route);
  const page = await fetch(server.url);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /text\/html/);
  const policy = page.headers.get('content-security-policy');
  assert.ok(policy && !policy.includes('unsafe-inline') && policy.includes("frame-ancestors 'none'"), policy);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  const html = await page.text();
  for (const [, file] of html.matchAll(/(?:src|href)="([^"]+)"/g)) assert.equal((await fetch(`${server.url}/${file}`)).status, 200, file);
  for (const outside of ['/../LICENSE', '/..%2f..%2fetc/passwd', '/.git/config', '/no-such-file.js']) assert.ok([400, 404].includes((await fetch(server.url + outside)).status), outside);
});

test('a push address is stored and removed', async () => {
  const anna = await server.register();
  const body = { kind: 'fcm', address: { token: 'x'.repeat(100) } };
  await server.expect(204, 'PUT', `/devices/${anna.device}/push`, { token: anna.token, body });
  await server.expect(204, 'DELETE', `/devices/${anna.device}/push`, { token: anna.token });
  await server.expect(404, 'PUT', '/devices/nosuch/push', { token: anna.token, body });
});

test('without the last reserve of the disk whatever writes is refused as storage_full, as the document says, and reads go on', async () => {
  const own = await Server.start();
  own.onAnswer = (method, route, result) => openApi.check(method, route, result);
  try {
    const [anna, bert] = await own.friends();
    const carl = await own.register();
    await own.expect(202, 'POST', '/friends/requests', { token: carl.token, body: { userId: anna.id } });
    const session = (await own.expect(200, 'GET', '/sessions', { token: anna.token })).sessions[0]._id;
    own.settings['storage.min_free'] = '9223372036854775807';
    await own.restart();
    const { token } = anna;
    const name = uniqueName();
    const writes = [
      ['POST', '/register', { username: name, email: `${name}@example.org`, password: 'a password' }], ['POST', '/login', { username: anna.username, password: anna.password }],
      ['POST', '/refresh', { refreshToken: anna.refreshToken }], ['PATCH', '/me', { pushPreviews: true }], ['POST', '/me/password', { password: anna.password, newPassword: 'another one' }],
      ['POST', `/friends/requests/${carl.id}/accept`], ['POST', `/friends/requests/${carl.id}/decline`], ['DELETE', `/friends/${bert.id}`], ['PUT', `/blocks/${bert.id}`],
      ['POST', '/messages', { recipient: bert.id, content: 'no room' }], ['PUT', `/devices/${anna.device}/push`, { kind: 'fcm', address: { token: 't' } }],
      ['DELETE', `/sessions/${session}`], ['DELETE', `/devices/${anna.device}`], ['POST', '/logout'], ['DELETE', '/me'],
    ];
    for (const [method, route, body] of writes) {
      const { error } = await own.expect(507, method, route, { token, body });
      assert.equal(error.code, 'storage_full', `${method} ${route}`);
    }
    await own.expect(507, 'POST', '/friends/requests', { token: bert.token, body: { userId: carl.id } });
    for (const route of ['/me', '/friends', '/conversations', '/devices']) await own.expect(200, 'GET', route, { token });
  } finally {
    await own.dispose();
  }
});
