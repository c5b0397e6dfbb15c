'use strict';
// What is refused, with which words, and that nothing else suffers from it.
const assert = require('node:assert/strict');
const { createHmac } = require('node:crypto');
const { after, before, test } = require('node:test');
const WebSocket = require('ws');
const { Client, Server, cleanUp, kTransports, scale, sleep, until } = require('./harness');

const kTextLimit = 8 * 1024;
/** The window of the first message, and as much of the next as lets one message fit. */
const kLongestWaitSeconds = 62;
const kPayloadLimit = 256 * 1024;

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

function refusedWith(answer, code) {
  const shown = JSON.stringify(answer).slice(0, 300);
  assert.equal(answer.ok, false, shown);
  assert.equal(answer.error.code, code, shown);
  assert.equal(typeof answer.error.message, 'string');
  assert.ok(answer.error.message.length > 0);
}
async function stillServes(on = server) {
  assert.ok(on.isAlive(), on.log.slice(-2000));
  const [anna, bert] = await on.friends();
  const annas = await Client.connect(on, anna);
  const berts = await Client.connect(on, bert);
  await annas.sent(bert, 'still here');
  await berts.received(1);
  annas.close();
  berts.close();
}

test('a stranger, a blocked user, a removed friend and an unknown user are refused alike', async () => {
  const [anna, bert] = await server.friends();
  const stranger = await server.register();
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  const answers = [await annas.send(stranger, 'hello'), await annas.send('0123456789abcdef01234567', 'hello')];
  await server.expect(204, 'PUT', `/blocks/${anna.id}`, { token: bert.token });
  answers.push(await annas.send(bert, 'hello'));
  answers.push(await berts.send(anna, 'to somebody I block'));
  for (const answer of answers) refusedWith(answer, 'not_allowed');
  assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1, 'a sender cannot tell why');

  await server.expect(204, 'DELETE', `/blocks/${anna.id}`, { token: bert.token });
  await annas.sent(bert, 'unblocking restores the friendship');
  await server.expect(204, 'DELETE', `/friends/${anna.id}`, { token: bert.token });
  refusedWith(await annas.send(bert, 'no longer a friend'), 'not_allowed');
  assert.deepEqual((await server.history(bert, anna)).map((message) => message.content), ['unblocking restores the friendship']);
});

test('what was committed before a block still arrives but earns no receipt', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  await annas.sent(bert, 'before the block');
  await server.expect(204, 'PUT', `/blocks/${anna.id}`, { token: bert.token });
  const berts = await Client.connect(server, bert);
  await berts.received(1);
  await sleep(300);
  assert.deepEqual(annas.all('message_status'), []);
});

test('the 51st message in a minute is refused with the time to wait; the founding limit is the default', async () => {
  const limited = await Server.start({ set: { 'limits.messages_per_minute': 50 } });
  try {
    const [anna, bert] = await limited.friends();
    const annas = await Client.connect(limited, anna);
    const berts = await Client.connect(limited, bert);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => annas.send(bert, `m${index}`, `c${index}`)));
    assert.ok(answers.every((answer) => answer.ok));
    const refused = await annas.send(bert, 'one too many', 'c50');
    refusedWith(refused, 'rate_limited');
    assert.ok(Number.isInteger(refused.error.retryAfter) && refused.error.retryAfter >= 1 && refused.error.retryAfter <= kLongestWaitSeconds, JSON.stringify(refused));
    const http = await limited.call('POST', '/messages', { token: anna.token, body: { recipient: bert.id, content: 'one too many', clientId: 'c50' } });
    assert.equal(http.status, 429);
    assert.equal(http.body.error.code, 'rate_limited');
    assert.ok(http.body.error.retryAfter >= 1);
    const repeat = await annas.send(bert, 'm0', 'c0');
    assert.equal(repeat.ok && repeat.duplicate, true, 'a stored send is answered at no cost');
    await berts.sent(anna, 'the limit is per user');
    await berts.received(50);
    assert.equal((await limited.history(bert, anna)).length, 51);
    assert.ok((await limited.metric('restante_refusals_total')) >= 1);
  } finally {
    await limited.dispose();
  }
});

test('after a refusal later messages to the same recipient are held back until that one comes again', async () => {
  const limited = await Server.start({ set: { 'limits.bytes_per_second': 9000 } });
  try {
    const [anna, bert] = await limited.friends();
    const carl = await limited.register();
    await limited.befriend(anna, carl);
    const annas = await Client.connect(limited, anna);
    const big = 'x'.repeat(kTextLimit - 100);
    const sends = [annas.send(bert, 'first', 'k0'), annas.send(bert, big, 'k1'), annas.send(bert, big, 'k2'), annas.send(bert, 'short', 'k3'),
      annas.send(carl, 'another recipient', 'k4'), annas.send(bert, 'no id, no order'), annas.send(bert, 'first', 'k0')];
    const [, first, refused, held, other, free, repeat] = await Promise.all(sends);
    assert.equal(first.ok, true);
    refusedWith(refused, 'rate_limited');
    refusedWith(held, 'rate_limited');
    assert.equal(other.ok, true);
    assert.equal(free.ok, true);
    assert.equal(repeat.ok && repeat.duplicate, true);
    await sleep(1000 * refused.error.retryAfter + 100);
    refusedWith(await annas.send(bert, 'short', 'k3'), 'rate_limited');
    await annas.sent(bert, big, 'k2');
    await annas.sent(bert, 'short', 'k3');
    const order = (await limited.history(anna, bert)).reverse().map((message) => message.clientId);
    assert.deepEqual(order, ['k0', 'k1', undefined, 'k2', 'k3']);
  } finally {
    await limited.dispose();
  }
});

test('texts at their limit pass, above it they are too_large; line ends are folded, control characters refused', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  await annas.sent(bert, 'x'.repeat(kTextLimit));
  await annas.sent(bert, 'é'.repeat(kTextLimit / 2));
  refusedWith(await annas.send(bert, 'x'.repeat(kTextLimit + 1)), 'too_large');
  refusedWith(await annas.send(bert, 'é'.repeat(kTextLimit / 2) + 'x'), 'too_large');
  refusedWith(await annas.send(bert, 'x'.repeat(100 * 1024)), 'too_large');
  for (const text of ['bell \u0007', 'zero \u0000', 'escape \u001b[0m', '']) refusedWith(await annas.send(bert, text), 'invalid');
  const folded = await annas.sent(bert, 'one\r\ntwo\tthree\n👋🏽 שלום');
  assert.equal(folded.content, 'one\ntwo\tthree\n👋🏽 שלום');
  await berts.received(3);
  assert.equal(berts.texts[2], folded.content);
});

test('malformed arguments are invalid, each with an answer', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const wrong = [undefined, null, 7, 'text', [], {}, { recipient: bert.id }, { content: 'x' }, { recipient: 7, content: 'x' }, { recipient: bert.id, content: 7 },
    { recipient: 'nobody', content: 'x' }, { recipient: bert.id, content: 'x', clientId: '' }, { recipient: bert.id, content: 'x', clientId: 'a b' },
    { recipient: bert.id, content: 'x', clientId: 'y'.repeat(65) }, { recipient: bert.id, content: 'x', clientId: 7 }, { recipient: bert.id, content: { deep: [[[[1]]]] } }];
  for (const argument of wrong) refusedWith(await annas.request('send_message', argument), 'invalid');
  for (const argument of [undefined, {}, { peer: bert.id }, { peer: bert.id, upTo: -1 }, { peer: bert.id, upTo: 1.5 }, { peer: bert.id, upTo: '1' }, { messageId: 7 }]) {
    refusedWith(await annas.request('mark_read', argument), 'invalid');
  }
  for (const argument of [undefined, {}, { epoch: 7, position: 1 }, { epoch: 'x', position: -1 }]) refusedWith(await annas.request('sync', argument), 'invalid');
  const stranger = await server.register();
  refusedWith(await annas.request('mark_read', { peer: stranger.id, upTo: 1 }), 'not_allowed');
  assert.deepEqual(annas.disconnects, []);
  await annas.sent(bert, 'y'.repeat(64), 'y'.repeat(64));
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function forgedTokens(token) {
  const [head, body, signature] = token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const signed = (h, c, key) => `${part(h)}.${part(c)}.${createHmac('sha256', key).update(`${part(h)}.${part(c)}`).digest('base64url')}`;
  return {
    'empty': '', 'not a token': 'x', 'two parts': `${head}.${body}`, 'four parts': `${token}.x`, 'no signature': `${head}.${body}.`,
    'cut signature': `${head}.${body}.${signature.slice(0, -4)}`,
    'other signature': `${head}.${body}.${(signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)}`,
    'alg none': `${part({ ...header, alg: 'none' })}.${body}.`, 'alg none, old signature': `${part({ ...header, alg: 'none' })}.${body}.${signature}`,
    'other user': `${head}.${part({ ...claims, sub: '0'.repeat(24) })}.${signature}`,
    'longer life': `${head}.${part({ ...claims, exp: claims.exp + 1 })}.${signature}`,
    'guessed key': signed(header, claims, 'secret'), 'HS256 by empty key': signed({ ...header, alg: 'HS256' }, claims, ''),
    'unknown key id': `${part({ ...header, kid: 'other' })}.${body}.${signature}`, 'crit': `${part({ ...header, crit: ['exp'] })}.${body}.${signature}`,
    'null': null,
  };
}

test('forged tokens are refused at CONNECT and over HTTP', async () => {
  const anna = await server.register();
  for (const [name, token] of Object.entries(forgedTokens(anna.token))) {
    const client = new Client(server, { ...anna, token }).open();
    const error = await client.refusal();
    assert.equal(error.message, 'unauthorized', name);
    assert.equal(error.data.code, 'unauthorized', name);
    assert.equal(error.data.reason, 'invalid', name);
    client.close();
    if (typeof token !== 'string') continue;
    const answer = await server.call('GET', '/me', { token });
    assert.equal(answer.status, 401, name);
    assert.equal(answer.body.error.code, 'unauthorized', name);
  }
  for (const token of [7, { token: anna.token }, [anna.token], true]) {
    const client = new Client(server, { ...anna, token }).open();
    assert.equal((await client.refusal()).data.code, 'invalid', 'a token that is no text is malformed');
    client.close();
  }
  const without = new Client(server, { ...anna, token: undefined }).open();
  assert.equal((await without.refusal()).data.code, 'unauthorized');
});

test('the token of an ended session is revoked', async () => {
  const anna = await server.register();
  await server.expect(204, 'POST', '/logout', { token: anna.token });
  for (const options of Object.values(kTransports)) {
    const client = new Client(server, anna, options).open();
    const error = await client.refusal();
    assert.deepEqual([error.message, error.data.code, error.data.reason], ['unauthorized', 'unauthorized', 'revoked']);
    client.close();
  }
  await server.expect(401, 'GET', '/me', { token: anna.token });
});

test('an expired token is named so, and a live socket outlives it', async () => {
  const brief = await Server.start({ set: { 'auth.access_token_seconds': 1 } });
  try {
    const anna = await brief.register();
    const annas = await Client.connect(brief, anna);
    await sleep(2500);
    const late = new Client(brief, anna).open();
    const error = await late.refusal();
    assert.deepEqual([error.message, error.data.code, error.data.reason], ['unauthorized', 'unauthorized', 'expired']);
    await brief.expect(401, 'GET', '/me', { token: anna.token });
    assert.deepEqual(annas.disconnects, []);
    const fresh = await brief.expect(200, 'POST', '/refresh', { body: { refreshToken: anna.refreshToken } });
    late.user = { ...anna, token: fresh.accessToken };
    late.authExtra = { token: fresh.accessToken };
    late.socket.connect();
    await late.event('ready');
  } finally {
    await brief.dispose();
  }
});

test('a malformed CONNECT is refused in words', async () => {
  const anna = await server.register();
  for (const auth of [{ device: '' }, { device: 'a b' }, { device: 'x'.repeat(65) }, { device: 7 }, { epoch: 7, position: 1 }, { position: -1, epoch: 'x' }, { confirm: 'never' }]) {
    const client = new Client(server, anna, { auth }).open();
    const error = await client.refusal();
    assert.equal(error.data.code, 'invalid', JSON.stringify(auth));
    assert.equal(error.message, 'invalid');
    client.close();
  }
});

function rawSocket() {
  return new Promise((done, fail) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=websocket`);
    socket.received = [];
    socket.closed = new Promise((end) => socket.on('close', (code) => end(code)));
    socket.on('message', (bytes) => socket.received.push(bytes.toString()));
    socket.on('open', () => done(socket));
    socket.on('error', fail);
  });
}
async function joined(user) {
  const socket = await rawSocket();
  socket.on('error', () => undefined);
  socket.send(`40${JSON.stringify({ token: user.token })}`);
  await until(() => socket.received.some((text) => text.startsWith('42["ready"')), 'ready on the raw socket');
  return socket;
}

test('malformed packets close their own connection and nothing else', async () => {
  const anna = await server.register();
  const packets = ['42[', '42{}', '42[]', '42[7', '4', '49', '45', '4[]', '42["send_message"', '451-["x",{"_placeholder":true,"num":7}]', '4599999999999["x"]', '43', '43["no id"]',
    '42["connect"]', '9', 'x', '42["a",' + '['.repeat(2000) + ']'.repeat(2000) + ']', Buffer.from([0xff, 0xfe]), '42["\ud800"]'];
  for (const packet of packets) {
    const socket = await joined(anna);
    socket.send(packet);
    socket.send('42["send_message",{}]');
    await Promise.race([socket.closed, sleep(150)]);
    socket.terminate();
  }
  await stillServes();
});

test('an oversized WebSocket message and an oversized polling body are refused', async () => {
  const anna = await server.register();
  const socket = await joined(anna);
  socket.send(`42["x","${'a'.repeat(kPayloadLimit)}"]`);
  const code = await Promise.race([socket.closed, sleep(scale(5000)).then(() => 'still open')]);
  assert.notEqual(code, 'still open');
  const base = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const open = JSON.parse((await (await fetch(base)).text()).slice(1));
  assert.equal(open.maxPayload, kPayloadLimit);
  const post = await fetch(`${base}&sid=${open.sid}`, { method: 'POST', body: '4'.padEnd(kPayloadLimit + 1, 'a') }).catch(() => ({ status: 413 }));
  assert.equal(post.status, 413);
  const http = await server.call('POST', '/login', { body: { username: 'x'.repeat(1024 * 1024), password: 'y' } }).catch(() => ({ status: 413 }));
  assert.equal(http.status, 413);
  await stillServes();
});

test('events before CONNECT are not served', async () => {
  const socket = await rawSocket();
  socket.on('error', () => undefined);
  socket.send('42["send_message",{"recipient":"0123456789abcdef01234567","content":"x"}]');
  assert.notEqual(await Promise.race([socket.closed, sleep(scale(3000)).then(() => 'still open')]), 'still open');
});

test('a page of another origin can neither begin a session nor take over one', async () => {
  const base = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const open = JSON.parse((await (await fetch(base)).text()).slice(1));
  const upgradeFrom = (origin) => new Promise((done) => {
    const address = `${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${open.sid}`;
    const socket = new WebSocket(address, { headers: { origin } });
    socket.on('error', () => done('refused'));
    socket.on('open', () => {
      socket.terminate();
      done('open');
    });
  });
  const headers = { origin: 'http://evil' };
  assert.equal((await fetch(base, { headers })).status, 403);
  assert.equal((await fetch(`${base}&sid=${open.sid}`, { headers })).status, 403);
  assert.equal((await fetch(`${base}&sid=${open.sid}`, { headers, method: 'POST', body: '40' })).status, 403);
  assert.equal(await upgradeFrom('http://evil'), 'refused');
  assert.equal((await fetch(`${base}&sid=${open.sid}`, { headers: { origin: server.url }, method: 'POST', body: '40{}' })).status, 200);
  assert.equal(await upgradeFrom(server.url), 'open');
});

test('unknown events are ignored or refused, never fatal', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  annas.socket.emit('no_such_event', { a: 1 });
  annas.socket.emit('ready', {});
  annas.socket.emit('receive_message', {});
  await annas.sent(bert, 'goes on');
  assert.deepEqual(annas.disconnects, []);
});

test('HTTP errors have one shape', async () => {
  const anna = await server.register();
  const { token } = anna;
  const cases = [
    [401, 'unauthorized', 'GET', '/me', {}], [401, 'unauthorized', 'GET', '/friends', { token: 'x.y.z' }], [404, 'not_found', 'GET', '/no/such/route', { token }],
    [400, 'invalid', 'POST', '/login', { body: '{broken' }], [400, 'invalid', 'POST', '/login', { body: '[]' }], [400, 'invalid', 'POST', '/login', { body: { username: anna.username } }],
    [401, 'unauthorized', 'POST', '/login', { body: { username: anna.username, password: 'wrong password' } }],
    [401, 'unauthorized', 'POST', '/login', { body: { username: 'nobodyatall', password: 'wrong password' } }],
    [409, 'conflict', 'POST', '/register', { body: { username: anna.username, email: 'other@example.org', password: 'long enough' } }],
    [400, 'invalid', 'POST', '/register', { body: { username: 'shortpassword', email: 's@example.org', password: '1234567' } }],
    [400, 'invalid', 'POST', '/register', { body: { username: 'a b', email: 's@example.org', password: 'long enough' } }],
    [404, 'not_found', 'GET', '/users?username=nobodyatall', { token }], [400, 'invalid', 'GET', '/users', { token }],
    [404, 'not_found', 'GET', '/conversations/0123456789abcdef01234567/messages', { token }], [404, 'not_found', 'GET', '/messages/0123456789abcdef01234567', { token }],
    [404, 'not_found', 'POST', '/friends/requests/0123456789abcdef01234567/accept', { token }], [400, 'invalid', 'POST', '/friends/requests', { token, body: {} }],
    [403, 'not_allowed', 'POST', '/messages', { token, body: { recipient: '0123456789abcdef01234567', content: 'x' } }],
    [400, 'invalid', 'POST', '/messages', { token, body: { recipient: 'x', content: 'x' } }], [401, 'unauthorized', 'POST', '/refresh', { body: { refreshToken: 'x'.repeat(43) } }],
  ];
  for (const [status, code, method, route, options] of cases) {
    const answer = await server.call(method, route, options);
    const what = `${method} ${route} ${JSON.stringify(options.body)}`;
    assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.error.code, code, what);
    assert.ok(answer.body.error.message, what);
  }
});
