'use strict';
// Plays Google's token endpoint, FCM HTTP v1 and a browser vendor's push service on one port of localhost, over TLS, HTTP/2 and
// HTTP/1.1. It is strict: a request that the real service would refuse is refused, and stays in `problems`, which a test
// expects to be empty. Everything received is kept in `requests`.
//
//   const standin = await StandIn.start();
//   standin.fcm.once(answers.fcm.unregistered());     // and .token, .webpush: see script.js
//   standin.settings                                  // for the server under test
//   await standin.outage(); await standin.recover();

const crypto = require('node:crypto');
const fs = require('node:fs');
const http2 = require('node:http2');
const os = require('node:os');
const path = require('node:path');
const answers = require('./answers');
const { makeCertificates } = require('./certificates');
const { problemOf, shown } = require('./fcm_message');
const { keyOfPoint, verifyJwt } = require('./jwt');
const { Script } = require('./script');
const { ServiceAccount, kScope } = require('./service_account');
const { Subscription } = require('./subscription');

const kGrantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const kHour = 3600;
const kVapidLongest = 24 * kHour;
const kClockSlack = 10;
const kUrgencies = ['very-low', 'low', 'normal', 'high'];
const kMaxPushBody = 4096; // RFC 8030 §7.2: what every push service takes

const nowSeconds = () => Math.floor(Date.now() / 1000);
const ensure = (condition, what) => {
  if (!condition) throw new Error(what);
};

/** The connection or the stream of this request is no more. */
const hasGone = (request) => (request.stream ? request.stream.destroyed : request.socket.destroyed);

class StandIn {
  static async start(options = {}) {
    const standin = new StandIn();
    standin.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-standin-'));
    standin.certificates = makeCertificates(standin.folder);
    standin.tokenLifeSeconds = options.tokenLifeSeconds ?? 3599;
    await standin.listen(0);
    standin.account = new ServiceAccount(`${standin.origin}/token`);
    standin.keyFile = standin.account.writeTo(path.join(standin.folder, 'service-account.json'));
    return standin;
  }

  constructor() {
    this.requests = [];
    this.problems = [];
    this.connections = [];
    this.sockets = new Set();
    this.issued = new Set();
    this.subscriptions = new Map();
    for (const service of ['token', 'fcm', 'webpush']) this[service] = new Script();
  }

  get origin() {
    return `https://localhost:${this.port}`;
  }
  /** What the server under test is started with. */
  get settings() {
    return {
      'push.fcm_service_account': this.keyFile, 'push.fcm_base_url': this.origin, 'push.webpush_allowed_hosts': 'localhost',
      'push.allow_private_addresses': true, 'push.ca_file': this.certificates.caFile,
    };
  }
  subscribe() {
    const subscription = new Subscription(this.origin);
    this.subscriptions.set(subscription.id, subscription);
    return subscription;
  }
  /** What FCM was asked to send to this registration token, refused or not. */
  sentTo(token) {
    return this.requests.filter(({ service, target }) => service === 'fcm' && target === token);
  }
  pushedTo(subscription) {
    return this.requests.filter(({ service, target }) => service === 'webpush' && target === subscription.id);
  }
  of(service) {
    return this.requests.filter((request) => request.service === service);
  }
  /** Access tokens handed out so far are worth nothing any more. */
  revokeTokens() {
    this.issued.clear();
  }

  async listen(port) {
    const { key, cert } = this.certificates;
    this.server = http2.createSecureServer({ key, cert, allowHTTP1: true });
    this.server.on('secureConnection', (socket) => {
      const connection = { alpn: socket.alpnProtocol || 'http/1.1', requests: 0 };
      this.connections.push(connection);
      socket.connection = connection;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.server.on('sessionError', () => {});
    this.server.on('request', (request, response) => {
      this.handle(request, response).catch((error) => {
        // A peer that was killed in the middle is what some tests are about.
        if (!hasGone(request)) this.problems.push(`stand-in: ${error.stack}`);
      });
    });
    await new Promise((done, fail) => {
      this.server.once('error', fail);
      this.server.listen(port, '127.0.0.1', done);
    });
    this.port = this.server.address().port;
  }
  /** Nobody listens any more, as after a crash. */
  async outage() {
    const closed = new Promise((done) => this.server.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
  recover() {
    return this.listen(this.port);
  }
  async close() {
    if (this.server.listening) await this.outage();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async handle(request, response) {
    const chunks = [];
    const { connection } = request.socket; // before the body: an HTTP/2 session may be gone by its end
    request.on('error', () => {});
    response.on('error', () => {});
    for await (const chunk of request) chunks.push(chunk);
    const record = {
      at: Date.now(), method: request.method, path: request.url, headers: { ...request.headers }, body: Buffer.concat(chunks),
      http: request.httpVersion,
      connection,
    };
    record.connection.requests += 1;
    const ordinary = this.judge(record);
    this.requests.push(record);
    const scripted = record.problem ? null : this[record.service]?.next(record);
    await this.answer(request, response, record, scripted ?? ordinary);
  }
  /** Fills the record, notes what is wrong with it, and gives the answer that a sound service would give. */
  judge(record) {
    const services = [['/token', 'token'], [`/v1/projects/${this.account.project}/messages:send`, 'fcm']];
    record.service = record.path.startsWith('/push/') ? 'webpush' : services.find(([where]) => record.path === where)?.[1];
    try {
      ensure(record.service !== undefined, 'no such path');
      ensure(record.method === 'POST', `${record.method}, not POST`);
      return this[`judge_${record.service}`](record);
    } catch (error) {
      record.problem = error.message;
      this.problems.push(`${record.method} ${record.path}: ${error.message}`);
      return error.answer ?? { status: 400, json: { error: { code: 400, message: error.message, status: 'INVALID_ARGUMENT' } } };
    }
  }

  judge_token(record) {
    ensure((record.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded'), `content-type ${record.headers['content-type']}`);
    const form = new URLSearchParams(record.body.toString('utf8'));
    ensure(form.get('grant_type') === kGrantType, `grant_type ${form.get('grant_type')}`);
    let jwt;
    try {
      jwt = verifyJwt(form.get('assertion'), 'RS256', this.account.publicKey);
      record.claims = jwt.claims;
      const { iss, scope, aud, iat, exp } = jwt.claims;
      ensure(iss === this.account.json.client_email, `iss ${iss}`);
      ensure(scope === kScope, `scope ${scope}`);
      ensure(aud === (this.tokenAudience ?? this.account.json.token_uri), `aud ${aud}`);
      ensure(Number.isInteger(iat) && Math.abs(iat - nowSeconds()) <= kClockSlack * 30, `iat ${iat}`);
      ensure(Number.isInteger(exp) && exp > nowSeconds() && exp <= iat + kHour, `exp ${exp}, iat ${iat}`);
    } catch (error) {
      throw Object.assign(error, { answer: answers.token.refused() });
    }
    const token = `ya29.${crypto.randomBytes(24).toString('base64url')}`;
    this.issued.add(token);
    return { status: 200, json: { access_token: token, expires_in: this.tokenLifeSeconds, token_type: 'Bearer' } };
  }

  judge_fcm(record) {
    record.json = JSON.parse(record.body.toString('utf8'));
    record.target = record.json?.message?.token ?? record.json?.message?.fid;
    ensure((record.headers['content-type'] ?? '').startsWith('application/json'), `content-type ${record.headers['content-type']}`);
    const bearer = /^Bearer (\S+)$/.exec(record.headers.authorization ?? '')?.[1];
    ensure(bearer !== undefined, 'no bearer token');
    const problem = problemOf(record.json);
    ensure(problem === null, problem);
    record.message = record.json.message;
    record.shown = shown(record.message);
    // An expired or revoked token is an answer of the service, not a fault of the request.
    if (!this.issued.has(bearer)) return answers.fcm.unauthenticated();
    return { status: 200, json: { name: `projects/${this.account.project}/messages/${crypto.randomUUID()}` } };
  }

  judge_webpush(record) {
    record.target = record.path.slice('/push/'.length);
    const subscription = this.subscriptions.get(record.target);
    if (subscription === undefined) throw Object.assign(new Error('no such subscription'), { answer: answers.webpush.notFound() });
    const { ttl, urgency, topic, authorization, 'content-encoding': encoding } = record.headers;
    ensure(/^\d{1,10}$/.test(ttl ?? ''), `TTL ${ttl}`);
    record.ttl = Number(ttl);
    ensure(urgency === undefined || kUrgencies.includes(urgency), `Urgency ${urgency}`);
    ensure(topic === undefined || /^[A-Za-z0-9_-]{1,32}$/.test(topic), `Topic ${topic}`);
    ensure(encoding === 'aes128gcm', `Content-Encoding ${encoding}`);
    ensure(record.body.length <= kMaxPushBody, `${record.body.length} bytes of body`);
    record.vapid = this.judgeVapid(authorization);
    record.text = subscription.decrypt(record.body).toString('utf8');
    record.json = JSON.parse(record.text);
    return { status: 201, headers: { location: `${this.origin}/message/${crypto.randomUUID()}` }, text: '' };
  }
  judgeVapid(authorization) {
    const [, token, key] = /^vapid t=([A-Za-z0-9_.-]+), ?k=([A-Za-z0-9_-]+)$/.exec(authorization ?? '') ?? [];
    ensure(token !== undefined, `Authorization ${authorization}`);
    const { claims } = verifyJwt(token, 'ES256', keyOfPoint(Buffer.from(key, 'base64url')));
    ensure(claims.aud === this.origin, `aud ${claims.aud}`);
    ensure(claims.exp > nowSeconds() && claims.exp <= nowSeconds() + kVapidLongest, `exp ${claims.exp}`);
    ensure(/^(mailto:|https:)/.test(claims.sub ?? ''), `sub ${claims.sub}`);
    return { token, key, claims };
  }

  async answer(request, response, record, { status, headers = {}, json, text, delayMs, hang, reset }) {
    record.answer = reset ? 'reset' : hang ? 'hang' : status;
    if (delayMs) await new Promise((done) => setTimeout(done, delayMs));
    if (hang) return;
    if (reset) {
      if (request.stream) request.stream.session.destroy();
      else request.socket.destroy();
      return;
    }
    if (hasGone(request)) return;
    response.writeHead(status, { ...headers, ...(json ? { 'content-type': 'application/json; charset=UTF-8' } : {}) });
    record.answeredAt = Date.now();
    response.end(json ? JSON.stringify(json) : text ?? '');
  }
}

module.exports = { StandIn, answers };
