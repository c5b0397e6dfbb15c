'use strict';
// Starts the real server, makes users, connects original clients, cuts connections. Always cleans up after itself.
//
//   RESTANTE_BIN   folder of the binaries (default: build/release/bin of this checkout)
//   RESTANTE_SLOW  factor for every time limit, for instrumented builds (default 1)

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { freePort } = require('./ports');

// The suites beside this one share this file and bring the client themselves.
const resolvePaths = { paths: [process.cwd(), __dirname] };
const { io } = require(require.resolve('socket.io-client', resolvePaths));

const kSlow = Number(process.env.RESTANTE_SLOW || 1);
const kBinary = path.join(process.env.RESTANTE_BIN || path.join(__dirname, '../../build/release/bin'), 'restante');
const kPage = path.join(__dirname, '../../web/dist');
const kStartTimeoutMs = 20_000;
const kStopTimeoutMs = 20_000;
const kWaitMs = 10_000;

const scale = (milliseconds) => milliseconds * kSlow;
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const uniqueName = (prefix = 'user') => prefix + randomBytes(5).toString('hex');

/** Waits until `probe` gives something truthy and returns that. */
async function until(probe, what, milliseconds = kWaitMs) {
  const end = Date.now() + scale(milliseconds);
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out waiting for: ${what}`);
    await sleep(10);
  }
}

const kTransports = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: { transports: ['polling', 'websocket'] },
};

/** Founding limits are tested where they are the topic; everywhere else they would be in the way. */
const kNoLimits = { 'limits.messages_per_minute': 0, 'limits.friend_requests_per_day': 0, 'limits.lookups_per_minute': 0 };
/** A password hash of full strength costs a tenth of a second of one core; the unit tests look at its strength. */
const kQuickHash = { 'auth.argon2_memory_kib': 1024, 'auth.argon2_passes': 1 };

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

/** Runs the binary to its end: { code, signal, stdout, stderr }. */
function runToEnd(args, { timeoutMs = 15_000, env = {} } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(kBinary, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (text) => (output.stdout += text));
    child.stderr.on('data', (text) => (output.stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), scale(timeoutMs));
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      done({ code, signal, ...output });
    });
  });
}

class Server {
  /** `before`: commands of the shell that starts the server. */
  static async start({ set = {}, data, args = [], env = {}, before = '' } = {}) {
    const server = new Server();
    server.settings = { ...kNoLimits, ...kQuickHash, ...(fs.existsSync(kPage) ? { 'server.web_root': kPage } : {}), ...set };
    server.extraArgs = args;
    server.env = env;
    server.before = before;
    server.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-test-'));
    folders.add(server.folder);
    server.data = data || path.join(server.folder, 'data');
    server.port = await freePort();
    server.log = '';
    server.stderr = '';
    await server.boot();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }
  get pid() {
    return this.child.pid;
  }

  /** Starts the process (again), on the same port and data. */
  async boot() {
    const args = ['serve', '--port', String(this.port), '--data', this.data];
    for (const [key, value] of Object.entries(this.settings)) if (value !== undefined) args.push('--set', `${key}=${value}`);
    const [program, ...first] = this.before ? ['sh', '-c', `${this.before}; exec "$0" "$@"`, kBinary] : [kBinary];
    const child = spawn(program, [...first, ...args, ...this.extraArgs], {
      env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    running.add(child);
    let ended = null;
    this.ended = new Promise((done) => child.on('close', (code, signal) => {
      running.delete(child);
      ended = { code, signal };
      done(ended);
    }));
    child.on('error', (error) => (ended = { error }));
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
      this.log += text;
    });
    child.stderr.on('data', (text) => {
      this.stderr += text;
      this.log += text;
    });
    await until(() => {
      if (ended) throw new Error(`the server ended while starting: ${JSON.stringify(ended)} ${this.log.slice(-2000)}`);
      return /^listening on http:\/\/\S+$/m.test(stdout);
    }, 'the line "listening on"', kStartTimeoutMs);
  }

  /** SIGTERM; the exit code. */
  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), scale(kStopTimeoutMs));
    const { code, signal } = await this.ended;
    clearTimeout(timer);
    return signal ?? code;
  }
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
  async restart() {
    assert.equal(await this.stop(), 0, `the server must end cleanly: ${this.log.slice(-2000)}`);
    await this.boot();
  }
  isAlive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
  async dispose() {
    if (this.isAlive()) await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }

  /** One REST call: { status, body, headers }. */
  async call(method, route, { token, body, headers = {} } = {}) {
    const all = { ...headers };
    if (body !== undefined) all['content-type'] ??= 'application/json';
    if (token) all.authorization = `Bearer ${token}`;
    const response = await fetch(`${this.url}/api/v1${route}`, {
      method, headers: all, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') || '').includes('json');
    const answer = { status: response.status, body: text === '' ? undefined : isJson ? JSON.parse(text) : text, headers: response.headers };
    if (this.onAnswer) this.onAnswer(method, route, answer);
    return answer;
  }
  /** The same, and the status must be the expected one; gives the body. */
  async expect(status, method, route, options) {
    const answer = await this.call(method, route, options);
    assert.equal(answer.status, status, `${method} ${route} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async register(name = uniqueName(), device) {
    const account = { username: name, email: `${name}@example.org`, password: `password of ${name}` };
    const body = await this.expect(201, 'POST', '/register', { body: device ? { ...account, device } : account });
    return this.grantToUser(account, body);
  }
  /** A login of the same account, a session of its own. */
  async logIn(user, device) {
    const body = { username: user.username, password: user.password, ...(device ? { device } : {}) };
    return this.grantToUser(user, await this.expect(200, 'POST', '/login', { body }));
  }
  grantToUser({ username, email, password }, grant) {
    return { id: grant.user._id, username, email, password, device: grant.device, token: grant.accessToken, refreshToken: grant.refreshToken };
  }
  async befriend(left, right) {
    await this.expect(202, 'POST', '/friends/requests', { token: left.token, body: { userId: right.id } });
    await this.expect(204, 'POST', `/friends/requests/${left.id}/accept`, { token: right.token });
  }
  async friends(leftName = 'anna', rightName = 'bert') {
    const pair = [await this.register(uniqueName(leftName)), await this.register(uniqueName(rightName))];
    await this.befriend(...pair);
    return pair;
  }
  async history(user, peer, query = '?limit=200') {
    return (await this.expect(200, 'GET', `/conversations/${peer.id}/messages${query}`, { token: user.token })).messages;
  }
  async device(user, name = user.device) {
    const { devices } = await this.expect(200, 'GET', '/devices', { token: user.token });
    return devices.find((each) => each.device === name);
  }
  async metrics() {
    const response = await fetch(`${this.url}/metrics`);
    assert.equal(response.status, 200);
    return response.text();
  }
  /** Sum of all series of a metric, 0 when there is none. */
  async metric(name) {
    let sum = 0;
    for (const line of (await this.metrics()).split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*)(\{.*\})?\s+(\S+)/.exec(line);
      if (match && match[1] === name) sum += Number(match[3]);
    }
    return sum;
  }
}

/** An original client that keeps everything it is told. */
class Client {
  /**
   * @param {object} options transports, auth (added to {token}), url, ack: what to answer to receive_message
   *   (a value, or a function of the message; `undefined` from the function means: do not answer), io: another client version
   */
  constructor(server, user, options = {}) {
    const { transports = ['websocket'], auth = {}, url = server.url, ack = { ok: true }, io: connect = io, ...rest } = options;
    this.user = user;
    this.ack = ack;
    this.events = [];
    this.refusals = [];
    this.disconnects = [];
    this.authExtra = auth;
    this.socket = connect(url, {
      transports, forceNew: true, autoConnect: false, autoUnref: connect === io, reconnectionDelay: 50, reconnectionDelayMax: 300,
      auth: (give) => give({ token: user.token, ...this.authExtra }), ...rest,
    });
    this.socket.on('connect_error', (error) => this.refusals.push(error));
    this.socket.on('disconnect', (reason) => this.disconnects.push(reason));
    this.listen();
    clients.add(this);
  }

  static async connect(server, user, options = {}) {
    const client = new Client(server, user, options);
    client.open();
    await client.event('ready');
    return client;
  }

  /** The upgrade is over: a client whose WebSocket breaks in the middle of it sits still until its heartbeat runs out. */
  async upgraded() {
    const { opts, engine } = this.socket.io;
    if (opts.transports.length > 1) await until(() => engine.transport.name === 'websocket' && !engine.upgrading, 'the upgrade');
    return this;
  }

  listen() {
    const names = ['ready', 'drained', 'receive_message', 'receive_batch', 'message_status', 'message_removed', 'conversation_read',
      'user_online', 'user_offline', 'friend_request', 'friend_accepted', 'friend_removed', 'typing', 'session_expired'];
    for (const name of names) {
      this.socket.on(name, (data, callback) => {
        this.events.push({ name, data, callback, at: Date.now() });
        if (typeof callback !== 'function') return;
        const isMessage = name === 'receive_message' || name === 'receive_batch';
        const answer = isMessage && typeof this.ack === 'function' ? this.ack(data, callback) : this.ack;
        if (answer !== undefined) callback(answer);
      });
    }
  }

  open() {
    this.socket.connect();
    return this;
  }
  close() {
    this.socket.disconnect();
    clients.delete(this);
  }

  all(name) {
    return this.events.filter((event) => event.name === name).map((event) => event.data);
  }
  /** Messages in the order of arrival, from single events and batches alike. */
  get messages() {
    return this.events.flatMap(({ name, data }) => {
      if (name === 'receive_message') return [data];
      if (name === 'receive_batch') return data.entries.filter((entry) => entry.kind === 'message').map((entry) => entry.data);
      return [];
    });
  }
  get texts() {
    return this.messages.map((message) => message.content);
  }
  clear() {
    this.events.length = 0;
  }
  event(name, matches = () => true, milliseconds = kWaitMs) {
    return until(() => this.all(name).find(matches), `${name} at ${this.user.username}; got ${JSON.stringify(this.events.slice(-5))}, ` +
      `refusals ${this.refusals.map((error) => error.message)}`, milliseconds);
  }
  refusal() {
    return until(() => this.refusals.find((error) => error.data), 'a refusal');
  }
  received(count, milliseconds = kWaitMs) {
    return until(() => this.messages.length >= count && this.messages, `${count} messages at ${this.user.username}`, milliseconds);
  }

  /** Emits with an acknowledgement; fails when none comes. */
  request(name, argument, milliseconds = kWaitMs) {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`no answer to ${name}`)), scale(milliseconds));
      const answer = (value) => {
        clearTimeout(timer);
        done(value);
      };
      this.socket.emit(name, argument, answer);
    });
  }
  send(recipient, content, clientId) {
    return this.request('send_message', { recipient: recipient.id ?? recipient, content, ...(clientId ? { clientId } : {}) });
  }
  async sent(recipient, content, clientId) {
    const answer = await this.send(recipient, content, clientId);
    assert.equal(answer.ok, true, `send_message answered ${JSON.stringify(answer)}`);
    return answer.message;
  }
}

const clients = new Set();
function closeClients() {
  for (const client of clients) client.close();
}

/** A reset as a broken network sends it. A socket that is already half closed must not be reset: libuv would spin on it. */
function reset(socket) {
  if (socket.readyState === 'open') socket.resetAndDestroy();
  else socket.destroy();
}

/** A TCP proxy in front of the server that can cut, swallow and refuse. The port may be a function: asked for each connection. */
class Proxy {
  static async start(targetPort) {
    const proxy = new Proxy();
    proxy.links = new Set();
    proxy.swallowAnswers = false;
    proxy.refusing = false;
    proxy.accepted = 0;
    proxy.server = net.createServer((near) => proxy.link(near, targetPort));
    await new Promise((done) => proxy.server.listen(0, '127.0.0.1', done));
    proxy.port = proxy.server.address().port;
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    proxies.add(proxy);
    return proxy;
  }
  link(near, targetPort) {
    if (this.refusing) return near.destroy();
    this.accepted += 1;
    const far = net.connect(typeof targetPort === 'function' ? targetPort() : targetPort, '127.0.0.1');
    const link = { near, far };
    this.links.add(link);
    const end = () => {
      near.destroy();
      far.destroy();
      this.links.delete(link);
    };
    for (const side of [near, far]) {
      side.setNoDelay(true);
      side.on('error', end);
      side.on('close', end);
    }
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (!this.swallowAnswers) near.write(bytes);
    });
  }
  /** Resets every connection, as a broken network does. */
  cut() {
    const count = this.links.size;
    for (const { near, far } of [...this.links]) {
      reset(near);
      reset(far);
    }
    return count;
  }
  close() {
    this.cut();
    this.server.close();
    proxies.delete(this);
  }
}
const proxies = new Set();

/** Call in `after` of each file. */
async function cleanUp(...servers) {
  closeClients();
  for (const proxy of [...proxies]) proxy.close();
  for (const server of servers) if (server) await server.dispose();
}

module.exports = {
  Client, Server, Proxy, cleanUp, closeClients, freePort, kBinary, kSlow, kTransports, runToEnd, scale, sleep, uniqueName, until, io,
};
