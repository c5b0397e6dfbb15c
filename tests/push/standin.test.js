'use strict';
// The stand-in itself, against libraries that others wrote for the real services: what they send must pass, and each thing that
// it promises to refuse must be refused. Without this a wrong server and a wrong stand-in could agree.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const http2 = require('node:http2');
const https = require('node:https');
const { after, before, beforeEach, test } = require('node:test');
const { JWT } = require('google-auth-library');
const webpush = require('web-push');
const { StandIn, answers } = require('./standin/standin');

const kScope = 'https://www.googleapis.com/auth/firebase.messaging';

let standin;
before(async () => { standin = await StandIn.start(); });
after(() => standin.close());
beforeEach(() => {
  standin.requests.length = 0;
  standin.problems.length = 0;
  for (const service of ['token', 'fcm', 'webpush']) standin[service].succeed();
});

/** No connection is kept: what a dead one answers is not the topic here. */
const agentOptions = () => ({ ca: standin.certificates.ca, agent: false });
function post(path, headers, body) {
  return new Promise((done, fail) => {
    const request = https.request(`${standin.origin}${path}`, { method: 'POST', headers, ...agentOptions() }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      done({ status: response.statusCode, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined });
    });
    request.on('error', fail);
    request.end(body);
  });
}
const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const seconds = () => Math.floor(Date.now() / 1000);

function assertion(changes = {}, { key = standin.account.json.private_key, header = { alg: 'RS256', typ: 'JWT' } } = {}) {
  const claims = { iss: standin.account.json.client_email, scope: kScope, aud: standin.account.json.token_uri, iat: seconds(), exp: seconds() + 3600, ...changes };
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${crypto.sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}
const askToken = (jwt) => post('/token', { 'content-type': 'application/x-www-form-urlencoded' },
  new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: jwt }).toString());
const accessToken = async () => (await askToken(assertion())).json.access_token;
const message = (changes = {}) => ({ message: { token: 'device-1', notification: { title: 'New message' }, data: { t: 'm' }, android: { ttl: '3600s', priority: 'high' }, ...changes } });
const send = async (body, token) => post(`/v1/projects/${standin.account.project}/messages:send`,
  { 'content-type': 'application/json', authorization: `Bearer ${token ?? await accessToken()}` }, JSON.stringify(body));

test("takes google-auth-library's token request and nothing that is not signed by the account", async () => {
  const { client_email: email, private_key: key } = standin.account.json;
  const client = new JWT({ email, key, scopes: [kScope] });
  // The library posts to Google's own address; only the way there is ours.
  client.transporter = {
    request: async ({ data, url }) => {
      standin.tokenAudience = url;
      const answer = await post('/token', { 'content-type': 'application/x-www-form-urlencoded' },
        typeof data === 'string' ? data : new URLSearchParams(data).toString());
      return { data: answer.json, status: answer.status };
    },
    defaults: {},
  };
  const { access_token: token } = await client.authorize();
  delete standin.tokenAudience;
  assert.match(token, /^ya29\./);
  assert.deepEqual(standin.problems, []);
  assert.equal((await send(message(), token)).status, 200);
});

test('refuses a token request whose claims or signature are wrong', async () => {
  const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const wrong = {
    iss: assertion({ iss: 'somebody@else' }), scope: assertion({ scope: 'https://www.googleapis.com/auth/cloud-platform' }),
    aud: assertion({ aud: 'https://oauth2.googleapis.com/other' }), 'too long': assertion({ exp: seconds() + 3700 }),
    expired: assertion({ iat: seconds() - 4000, exp: seconds() - 400 }), 'other key': assertion({}, { key: other }),
    algorithm: assertion({}, { header: { alg: 'HS256', typ: 'JWT' } }), 'no JWT': 'abc',
  };
  for (const [what, jwt] of Object.entries(wrong)) {
    const { status, json } = await askToken(jwt);
    assert.deepEqual([status, json.error], [400, 'invalid_grant'], what);
  }
  assert.equal(standin.problems.length, Object.keys(wrong).length);
  assert.equal((await askToken(assertion())).status, 200);
});

test('takes a sound FCM message over HTTP/2 and says what it shows', async () => {
  const token = await accessToken();
  const before = standin.connections.length;
  const session = http2.connect(standin.origin, agentOptions());
  const all = Array.from({ length: 20 }, (_, index) => new Promise((done, fail) => {
    const stream = session.request({
      ':method': 'POST', ':path': `/v1/projects/${standin.account.project}/messages:send`, 'content-type': 'application/json', authorization: `Bearer ${token}`,
    });
    stream.on('response', (headers) => done(headers[':status']));
    stream.on('error', fail);
    stream.end(JSON.stringify(message({
      token: `device-${index}`, apns: { headers: { 'apns-priority': '10', 'apns-collapse-id': 'c' }, payload: { aps: { badge: 3, sound: 'default' } } },
      android: { ttl: '60s', collapse_key: 'c', notification: { sound: 'default', notification_count: 3 } },
    })));
  }));
  assert.deepEqual(new Set(await Promise.all(all)), new Set([200]));
  session.close();
  assert.equal(standin.connections.length, before + 1, 'twenty sends shared one connection');
  assert.equal(standin.connections.at(-1).alpn, 'h2');
  assert.equal(standin.connections.at(-1).requests, 20);
  assert.deepEqual(standin.sentTo('device-7')[0].shown,
    { title: 'New message', body: undefined, sound: ['default', 'default'], badge: [3, 3], data: { t: 'm' } });
  assert.deepEqual(standin.problems, []);
});

test('refuses what FCM would refuse', async () => {
  const wrong = {
    'two targets': { topic: 'news' }, 'no target': { token: undefined }, 'a number in data': { data: { badge: 3 } }, 'a reserved key': { data: { from: 'me' } },
    'a reserved prefix': { data: { googleId: 'x' } }, 'a TTL without unit': { android: { ttl: '3600' } }, 'a TTL of 29 days': { android: { ttl: '2505600s' } },
    'an unknown member': { sound: 'default' }, 'a badge in text': { apns: { payload: { aps: { badge: '3' } } } }, 'too large': { data: { text: 'x'.repeat(4096) } },
  };
  for (const [what, change] of Object.entries(wrong)) {
    const { status, json } = await send(message(change));
    assert.deepEqual([status, json.error.status], [400, 'INVALID_ARGUMENT'], what);
  }
  assert.equal(standin.problems.length, Object.keys(wrong).length);
});

test('knows only tokens that it issued, until they are revoked', async () => {
  assert.equal((await send(message(), 'made-up')).status, 401);
  const token = await accessToken();
  assert.equal((await send(message(), token)).status, 200);
  standin.revokeTokens();
  assert.equal((await send(message(), token)).status, 401);
});

test("decrypts what web-push encrypts and takes its VAPID token", async () => {
  const subscription = standin.subscribe();
  const keys = webpush.generateVAPIDKeys();
  const result = await webpush.sendNotification(subscription.toJSON(), JSON.stringify({ title: 'Grüße 👋' }), {
    vapidDetails: { subject: 'mailto:operator@example.org', ...keys }, TTL: 60, urgency: 'high', topic: 'abc', contentEncoding: 'aes128gcm',
    agent: new https.Agent({ ca: standin.certificates.ca }),
  });
  assert.equal(result.statusCode, 201);
  assert.deepEqual(standin.problems, []);
  const [received] = standin.pushedTo(subscription);
  assert.deepEqual([received.json, received.ttl, received.headers.topic, received.vapid.key], [{ title: 'Grüße 👋' }, 60, 'abc', keys.publicKey]);
});

test('refuses a push that is wrong in one thing', async () => {
  const subscription = standin.subscribe();
  const keys = webpush.generateVAPIDKeys();
  const details = (changes = {}) => webpush.generateRequestDetails(subscription.toJSON(), '{}',
    { vapidDetails: { subject: 'mailto:operator@example.org', ...keys }, TTL: 60, contentEncoding: 'aes128gcm', ...changes });
  const submit = ({ headers, body }, change = {}) => {
    const all = { ...headers, ...change };
    for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
    return post(new URL(subscription.endpoint).pathname, all, body);
  };
  const vapid = (audience, lifetime) => webpush.getVapidHeaders(audience, 'mailto:a@b.c', keys.publicKey, keys.privateKey, 'aes128gcm', seconds() + lifetime).Authorization;
  assert.equal((await submit(details())).status, 201);
  const other = webpush.generateVAPIDKeys();
  const stranger = standin.subscribe();
  const wrong = {
    'no TTL': submit(details(), { TTL: undefined }),
    'another urgency': submit(details(), { Urgency: 'extreme' }),
    'a topic of 33 characters': submit(details(), { Topic: 'x'.repeat(33) }),
    'another audience': submit(details(), { Authorization: vapid('https://push.example.org', 3600) }),
    'an expired token': submit(details(), { Authorization: vapid(standin.origin, -60) }),
    "another key's token": submit(details(), { Authorization: details().headers.Authorization.replace(/k=.*/, `k=${other.publicKey}`) }),
    'no authorization': submit(details(), { Authorization: undefined }),
    'the older encoding': submit(details({ contentEncoding: 'aesgcm' })),
    "another subscription's keys": submit(webpush.generateRequestDetails({ ...stranger.toJSON(), endpoint: subscription.endpoint }, '{}',
      { vapidDetails: { subject: 'mailto:a@b.c', ...keys }, TTL: 60, contentEncoding: 'aes128gcm' })),
  };
  for (const [what, answer] of Object.entries(wrong)) assert.equal((await answer).status, 400, what);
  assert.equal(standin.problems.length, Object.keys(wrong).length);
  assert.equal((await post('/push/nobody', details().headers, details().body)).status, 404);
});

test('follows its script: once, always, late, cut, silent, away', async () => {
  const token = await accessToken();
  standin.fcm.once(answers.fcm.quota(7)).once({ ...answers.fcm.unregistered(), delayMs: 50 }, ({ target }) => target === 'device-2').once(answers.broken.reset());
  const throttled = await send(message(), token);
  assert.deepEqual([throttled.status, throttled.headers['retry-after'], throttled.json.error.details[0].errorCode], [429, '7', 'QUOTA_EXCEEDED']);
  assert.equal((await send(message({ token: 'device-2' }), token)).status, 404);
  await assert.rejects(send(message(), token));
  assert.equal((await send(message(), token)).status, 200);
  standin.fcm.always(answers.fcm.internal());
  for (let round = 0; round < 2; round += 1) assert.equal((await send(message(), token)).status, 500);
  standin.fcm.succeed();
  standin.fcm.once(answers.broken.hang());
  const silent = new Promise((done, fail) => {
    const request = https.request(`${standin.origin}/v1/projects/${standin.account.project}/messages:send`,
      { method: 'POST', timeout: 200, headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, ...agentOptions() });
    request.on('response', () => fail(new Error('answered')));
    request.on('timeout', () => request.destroy());
    request.on('close', done);
    request.on('error', () => {});
    request.end(JSON.stringify(message()));
  });
  await silent;
  await standin.outage();
  await assert.rejects(send(message(), token));
  await standin.recover();
  assert.equal((await send(message(), token)).status, 200);
});
