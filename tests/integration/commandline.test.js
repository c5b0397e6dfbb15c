'use strict';
// The command line: what is refused, what is printed, how it ends.
const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Client, Server, cleanUp, freePort, kBinary, runToEnd, sleep, until } = require('./harness');

let server;
let folder;
before(async () => {
  server = await Server.start();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-cli-'));
});
after(async () => {
  await cleanUp(server);
  fs.rmSync(folder, { recursive: true, force: true });
});

const fresh = () => path.join(folder, Math.random().toString(36).slice(2));
/** One clear line on standard error, an exit status that is not 0, nothing changed. */
async function refused(args, mentions, untouched, env) {
  const { code, signal, stderr, stdout } = await runToEnd(args, { env });
  assert.equal(signal, null, `${args.join(' ')} did not end`);
  assert.notEqual(code, 0, args.join(' '));
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.match(stderr, mentions);
  assert.doesNotMatch(stdout, /listening on/);
  if (untouched) assert.equal(fs.existsSync(untouched), false, `${args.join(' ')} made ${untouched}`);
}

test('a port in use is refused, whoever uses it', async () => {
  const data = fresh();
  await refused(['serve', '--port', String(server.port), '--data', data], new RegExp(String(server.port)), data);
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => other.once('listening', done));
  const { port } = other.address();
  await refused(['serve', '--port', String(port), '--data', data], new RegExp(String(port)), data);
  other.close();
});

test('a data directory in use is refused and its server goes on', async () => {
  await refused(['serve', '--port', String(await freePort()), '--data', server.data], /use/);
  await server.register();
});

test('epoch new on the embedded store says that every opening does it', async () => {
  await refused(['epoch', 'new', '--data', server.data], /use/);
  const data = fresh();
  const { code, stdout, stderr } = await runToEnd(['epoch', 'new', '--data', data]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^epoch [0-9a-f]{32}\n.*every opening of the embedded store/);
  await refused(['epoch', 'new', '--data', data, '--set', 'storage.engine=mongodb'], /storage\.mongodb_uri/);
});

test('a server that is killed leaves nothing in shared memory', async () => {
  const named = (pid) => fs.readdirSync('/dev/shm').filter((name) => name.endsWith(`-${pid}`));
  assert.deepEqual(named(server.pid), []);
});

test('unknown options, keys and values are refused', async () => {
  const data = fresh();
  const base = ['serve', '--port', String(await freePort()), '--data', data];
  await refused([...base, '--no-such-option'], /no-such-option/, data);
  await refused([...base, '--set', 'limits.nonsense=1'], /limits\.nonsense/, data);
  await refused([...base, '--set', 'limits.messages_per_minute=many'], /messages_per_minute/, data);
  await refused([...base, '--set', 'limits.messages_per_minute'], /messages_per_minute/, data);
  for (const port of ['70000', '0x50', ' 43035', '43035 ', '+80', '-1', '1e3', ''])
    await refused(['serve', '--port', port, '--data', data], /--port/, data);
  for (const users of ['0', '0x2', ' 2', '-1', '']) await refused(['seed', '--users', users, '--tokens', fresh(), '--data', data], /--users/, data);
  for (const friends of ['0', ' 1', '-1', '0x1']) await refused(['seed', '--users', '4', '--friends', friends, '--tokens', fresh(), '--data', data], /--friends/, data);
  for (const option of ['--data', '--host', '--config']) await refused(['serve', '--port', '0', '--data', data, option, ''], new RegExp(`${option}: is empty`), data);
  await refused([...base, '--set', 'two\nlines\u001b[2J=1'], /"two\\nlines\\x1b\[2J"/, data);
  await refused(['no-such-command'], /no-such-command|command/);
  await refused([...base, '--config', '/no/such/file.toml'], /file\.toml/, data);
  const config = path.join(folder, 'wrong.toml');
  fs.writeFileSync(config, '[limits]\nmessages_per_century = 1\n');
  await refused([...base, '--config', config], /messages_per_century/, data);
  await refused(base, /RESTANTE_LIMITS_NONSENSE/i, data, { RESTANTE_LIMITS_NONSENSE: '1' });
});

test('settings: defaults < file < environment < --set', async () => {
  const config = path.join(folder, 'limits.toml');
  fs.writeFileSync(config, '[limits]\nmessages_per_minute = 1\n');
  const attempts = async (options, expected) => {
    const own = await Server.start(options);
    const [anna, bert] = await own.friends();
    const client = await Client.connect(own, anna);
    let accepted = 0;
    while (accepted < 5 && (await client.send(bert, 'x')).ok) accepted += 1;
    client.close();
    await own.dispose();
    assert.equal(accepted, expected, JSON.stringify(options));
  };
  const free = { 'limits.messages_per_minute': undefined };
  await attempts({ set: free, args: ['--config', config] }, 1);
  await attempts({ set: free, args: ['--config', config], env: { RESTANTE_LIMITS_MESSAGES_PER_MINUTE: '2' } }, 2);
  await attempts({ set: { 'limits.messages_per_minute': 3 }, args: ['--config', config], env: { RESTANTE_LIMITS_MESSAGES_PER_MINUTE: '2' } }, 3);
});

test('what cannot be served leaves no data directory behind', async () => {
  const data = fresh();
  const port = String(await freePort());
  await refused(['serve', '--host', '203.0.113.77', '--insecure-plaintext', '--port', port, '--data', data], /203\.0\.113\.77/, data);
  await refused(['serve', '--port', port, '--data', data, '--config', folder], /directory/, data);
  await refused(['seed', '--data', data, '--users', '2', '--tokens', path.join(folder, 'no', 'such', 'folder')], /cannot be written/, data);
  await refused(['--no-such-option'], /no-such-option/);
  await refused([], /command/);
});

test('settings that no server can work with are refused by name before anything is made, by check too', async () => {
  const rubbish = path.join(folder, 'rubbish.pem');
  fs.writeFileSync(rubbish, 'no certificate, no key, no JSON');
  const wrong = [
    [['tls.certificate=' + rubbish, 'tls.key=' + rubbish], /tls\.(certificate|key)/],
    [['push.fcm_service_account=' + rubbish], /push\.fcm_service_account/],
    [['push.fcm_service_account=/nope'], /push\.fcm_service_account/],
    [['push.fcm_service_account=' + rubbish, 'push.fcm_base_url=http://plain.example'], /push\.fcm_base_url/],
    [['server.trusted_proxies=10.0.0.1,proxy.example'], /server\.trusted_proxies.*"proxy\.example"/],
    [['push.webpush_subject=nobody'], /push\.webpush_subject/],
    [['push.ca_file=' + rubbish], /push\.ca_file/],
    [['server.web_root=/nope'], /server\.web_root: \/nope is not a directory/],
    [['server.web_root=' + rubbish], /server\.web_root/],
    [['storage.engine=rocksdb|mongodb'], /storage\.engine/],
    [['storage.engine=mongodb'], /storage\.mongodb_uri/],
    [['storage.engine=mongodb', 'storage.mongodb_uri=http://nonsense'], /storage\.mongodb_uri/],
  ];
  for (const [set, mentions] of wrong) {
    const data = fresh();
    const args = ['--port', '0', '--data', data, ...set.flatMap((assignment) => ['--set', assignment])];
    await refused(['serve', ...args], mentions, data);
    await refused(['check', ...args], mentions, data);
  }
  const data = fresh();
  await refused(['seed', '--data', data, '--users', '2', '--tokens', path.join(folder, 'never'), '--set', 'storage.engine=mongodb'], /storage\.mongodb_uri/, data);
});

test('what seed writes is readable by its owner only, also into a directory that was open to all', async () => {
  const data = fresh();
  fs.mkdirSync(data, { mode: 0o755 });
  const tokens = path.join(folder, 'tokens');
  fs.writeFileSync(tokens, '', { mode: 0o644 });
  const { code, stderr } = await runToEnd(['seed', '--data', data, '--users', '4', '--friends', 'pairs', '--tokens', tokens]);
  assert.equal(code, 0, stderr);
  const files = fs.readdirSync(data, { recursive: true }).map((name) => path.join(data, name));
  assert.ok(files.length > 3);
  for (const file of [tokens, ...files]) assert.equal(fs.statSync(file).mode & 0o077, 0, `${file} is readable by others`);
});

test('seed takes a token file in the data directory that it makes, or in a folder above it, and nowhere else that is missing', async () => {
  const above = fresh();
  const data = path.join(above, 'data');
  await refused(['seed', '--data', data, '--users', '2', '--tokens', path.join(above, 'other', 'tokens')], /cannot be written/, above);
  await refused(['seed', '--data', data, '--users', '2', '--tokens', data], /cannot be written/, above);
  await refused(['seed', '--data', data, '--users', '2', '--tokens', path.join(data, 'deeper', 'tokens')], /cannot be written/, above);
  for (const [into, tokens] of [[data, path.join(data, 'tokens.jsonl')], [path.join(fresh(), 'data'), null]]) {
    const file = tokens ?? path.join(into, '..', 'tokens.jsonl');
    const { code, stderr } = await runToEnd(['seed', '--data', into, '--users', '2', '--tokens', file]);
    assert.equal(code, 0, stderr);
    assert.equal(fs.readFileSync(file, 'utf8').trim().split('\n').length, 2);
    assert.equal(fs.statSync(file).mode & 0o077, 0);
  }
});

test('seed does not write tokens over the keys of the directory that it fills', async () => {
  const data = fresh();
  const link = path.join(folder, 'tokens-link');
  fs.symlinkSync(path.join(data, 'keys'), link);
  for (const tokens of [path.join(data, 'keys'), path.join(data, 'master.key'), path.join(data, 'store', 'CURRENT'), link])
    await refused(['seed', '--data', data, '--users', '2', '--tokens', tokens], /cannot be written/);
  const own = path.join(data, 'tokens');
  fs.writeFileSync(own, 'of an earlier seed that was cut off');
  const { code, stderr } = await runToEnd(['seed', '--data', data, '--users', '2', '--tokens', own]);
  assert.equal(code, 0, stderr);
});

test('seed changes nothing of a token file that it cannot write or that is none', async () => {
  const data = fresh();
  const directory = path.join(folder, 'tokens-directory');
  fs.mkdirSync(directory);
  fs.chmodSync(directory, 0o755);
  await refused(['seed', '--data', data, '--users', '2', '--tokens', directory], /tokens-directory cannot be written/, data);
  assert.equal(fs.statSync(directory).mode & 0o777, 0o755);

  const pipe = path.join(folder, 'tokens-pipe');
  execFileSync('mkfifo', [pipe]);
  fs.chmodSync(pipe, 0o644);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = '';
  reader.stdout.on('data', (text) => (lines += text));
  const read = new Promise((done) => reader.on('close', done));
  try {
    const { code, stderr } = await runToEnd(['seed', '--data', data, '--users', '2', '--tokens', pipe]);
    assert.equal(code, 0, stderr);
    await read;
  } finally {
    reader.kill();
  }
  assert.equal(lines.trim().split('\n').length, 2, lines);
  assert.equal(fs.statSync(pipe).mode & 0o777, 0o644);
});

test('messages that wait are counted again after a restart and after a kill', async () => {
  const own = await Server.start();
  const [anna, bert] = await own.friends();
  const annas = await Client.connect(own, anna);
  for (let index = 0; index < 30; index += 1) await annas.sent(bert, 'waits');
  annas.close();
  await own.restart();
  await until(async () => (await own.metric('restante_pending_messages')) === 30, 'thirty pending after a restart');
  await own.kill();
  await own.boot();
  await until(async () => (await own.metric('restante_pending_messages')) === 30, 'thirty pending after a kill');
  assert.equal(await own.metric('restante_pending_users'), 1);
  const berts = await Client.connect(own, bert);
  await berts.received(30);
  await until(async () => (await own.metric('restante_pending_messages')) === 0, 'nothing pending');
  await own.dispose();
});

test('a host that is not loopback needs TLS or a flag', async () => {
  const data = fresh();
  await refused(['serve', '--host', '0.0.0.0', '--port', String(await freePort()), '--data', data], /insecure.plaintext|TLS/i, data);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
  test(`${signal} drains and ends with 0, and nothing acked is lost`, async () => {
    const own = await Server.start();
    const [anna, bert] = await own.friends();
    const annas = await Client.connect(own, anna);
    const acked = [];
    let sending = true;
    const sender = (async () => {
      for (let index = 0; sending; index += 1) {
        const answer = await annas.request('send_message', { recipient: bert.id, content: `m${index}`, clientId: `c${index}` }, 3000).catch(() => null);
        if (answer?.ok) acked.push(answer.message._id);
        if (!annas.socket.connected) break;
      }
    })();
    await until(() => acked.length > 20, 'some sends');
    own.child.kill(signal);
    const { code } = await own.ended;
    sending = false;
    assert.equal(code, 0, own.log.slice(-1000));
    assert.equal(annas.all('session_expired').length, 0);
    await sender;
    annas.close();
    await own.boot();
    const berts = await Client.connect(own, bert);
    await berts.event('drained');
    const stored = new Set(berts.messages.map((message) => message._id));
    for (const id of acked) assert.ok(stored.has(id), 'an acked message is missing');
    await own.dispose();
  });
}

test('under nohup a server outlives its terminal, and SIGTERM still drains it', async () => {
  const own = await Server.start({ before: "trap '' HUP" });
  try {
    own.child.kill('SIGHUP');
    await own.register();
    assert.equal(await own.stop(), 0);
  } finally {
    await own.dispose();
  }
});

test('standard descriptors that are closed at the start are not taken by files of the store', async () => {
  const data = fresh();
  const port = String(await freePort());
  const own = spawn('sh', ['-c', 'exec "$0" "$@" <&- >&- 2>&-', kBinary, 'serve', '--port', port, '--data', data, '--set', 'log.level=debug'], { stdio: 'ignore' });
  const ended = new Promise((done) => own.on('close', done));
  try {
    await until(() => fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.ok, () => false), 'readyz');
    for (const number of [0, 1, 2]) assert.equal(fs.readlinkSync(`/proc/${own.pid}/fd/${number}`), '/dev/null');
  } finally {
    own.kill();
  }
  assert.equal(await ended, 0);
});

test('output that cannot be written is no success', async () => {
  const full = fs.openSync('/dev/full', 'w');
  const data = fresh();
  assert.equal((await runToEnd(['epoch', 'new', '--data', data])).code, 0);
  for (const args of [['settings'], ['--help'], ['--version'], ['check', '--port', '0', '--data', data, '--print', 'server.port'], ['keys', 'rotate', '--data', data]]) {
    const { status, stderr } = spawnSync(kBinary, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    assert.equal(status, 1, args.join(' '));
    assert.equal(stderr, 'restante: standard output cannot be written\n');
  }
  fs.closeSync(full);
});

test('seed makes no account whose tokens it cannot write', async () => {
  const data = fresh();
  await refused(['seed', '--data', data, '--users', '2', '--tokens', '/dev/full'], /\/dev\/full cannot be written; no account was made/);
  const { code, stderr } = await runToEnd(['seed', '--data', data, '--users', '2', '--tokens', path.join(folder, 'second')]);
  assert.equal(code, 0, stderr);
});

test('replica-set refuses at once what is no HOST:PORT', async () => {
  for (const member of ['nonsense', 'host:', ':27017', 'host:0', 'host:70000', 'host:0x10', 'a,b:1', 'user@host:1', 'host/name:1', '[::1]', '::1:27017'])
    await refused(['replica-set', '127.0.0.1:1', member], /is not an address of the form HOST:PORT/);
});

test('keys rotate makes no installation', async () => {
  const data = fresh();
  await refused(['keys', 'rotate', '--data', data], /holds no store/, data);
  const mongodb = ['--set', 'storage.engine=mongodb', '--set', 'storage.mongodb_uri=mongodb://127.0.0.1:1/restante?replicaSet=rs0'];
  await refused(['keys', 'rotate', '--data', data, ...mongodb], /holds no keys/, data);
  fs.mkdirSync(data);
  await refused(['keys', 'rotate', '--data', data], /holds no store/);
  assert.deepEqual(fs.readdirSync(data), []);
});

test('check sees in the data directory what serve would refuse, and changes nothing there', async () => {
  const port = ['--port', '0'];
  const file = fresh();
  const dangling = fresh();
  fs.writeFileSync(file, '');
  fs.symlinkSync('nowhere', dangling);
  for (const data of [file, path.join(file, 'below'), dangling]) {
    for (const command of ['check', 'serve']) await refused([command, ...port, '--data', data], /data directory/);
  }
  const own = await Server.start();
  const checked = () => runToEnd(['check', ...port, '--data', own.data]);
  try {
    assert.equal((await checked()).code, 0, 'beside a running server');
    assert.equal(await own.stop(), 0);
    const names = fs.readdirSync(own.data);
    for (const name of ['operator_token', 'master.key', 'keys']) {
      const secret = path.join(own.data, name);
      const { mode } = fs.statSync(secret);
      fs.chmodSync(secret, 0o644);
      for (const command of ['check', 'serve']) await refused([command, ...port, '--data', own.data], new RegExp(`${name} can be read by others`));
      fs.chmodSync(secret, mode);
      if (name === 'operator_token') continue;
      fs.renameSync(secret, `${secret}.away`);
      for (const command of ['check', 'serve']) await refused([command, ...port, '--data', own.data], new RegExp(`${name} is missing`));
      fs.renameSync(`${secret}.away`, secret);
    }
    assert.deepEqual(fs.readdirSync(own.data), names);
    assert.equal((await checked()).code, 0);
  } finally {
    await own.dispose();
  }
  const data = fresh();
  assert.equal((await runToEnd(['check', ...port, '--data', data])).code, 0);
  assert.equal(fs.existsSync(data), false);
});

test('a first start that was cut off before it had keys is gone on with', async () => {
  const data = fresh();
  fs.mkdirSync(data, { mode: 0o700 });
  const own = path.join(data, 'master.key');
  fs.writeFileSync(own, 'too short', { mode: 0o600 });
  await refused(['serve', '--port', '0', '--data', data], /exactly 32 random bytes/);
  assert.ok(fs.existsSync(path.join(data, 'store', 'CURRENT')));
  fs.rmSync(own);
  assert.equal((await runToEnd(['check', '--port', '0', '--data', data])).code, 0);
  const begun = await Server.start({ data });
  try {
    await begun.register();
  } finally {
    await begun.dispose();
  }
});

test('a server whose standard output cannot be written says so, serves, and ends well', async () => {
  const port = await freePort();
  const full = fs.openSync('/dev/full', 'w');
  const child = spawn(kBinary, ['serve', '--port', String(port), '--data', fresh()], { stdio: ['ignore', full, 'pipe'] });
  fs.closeSync(full);
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  const ended = new Promise((done) => child.once('close', done));
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200);
    child.kill('SIGTERM');
    assert.equal(await ended, 0, said);
  } finally {
    child.kill('SIGKILL');
  }
  assert.match(said, /^restante: standard output cannot be written\n$/);
});

test('standard output holds exactly one line "listening on"', () => {
  assert.equal(server.log.match(/^listening on http:\/\/127\.0\.0\.1:\d+$/gm).length, 1);
});

test('a server that works as it should has nothing to say on standard error', async () => {
  const own = await Server.start();
  try {
    for (let round = 0; round < 2; round += 1) {
      const [anna, bert] = await own.friends();
      const annas = await Client.connect(own, anna);
      await annas.sent(bert, 'for later');
      const berts = await Client.connect(own, bert);
      await berts.event('drained');
      await berts.sent(anna, 'live');
      await annas.received(1);
      assert.equal(await own.stop(), 0);
      annas.close();
      berts.close();
      if (round === 0) await own.boot();
    }
    assert.equal(own.stderr, '');
  } finally {
    await own.dispose();
  }
});

test('connections leave descriptors for the store, also where the limit of open files is low', async () => {
  const kLimit = 256;
  const kAllowed = kLimit - kLimit / 4;
  const own = await Server.start({ before: `ulimit -n ${kLimit}`, set: { 'server.max_connections': kLimit } });
  const sockets = [];
  let closed = 0;
  try {
    for (let index = 0; index < kLimit; index += 1) {
      const socket = net.connect(own.port, '127.0.0.1');
      socket.on('close', () => (closed += 1)).on('error', () => undefined);
      sockets.push(socket);
    }
    await until(() => closed === kLimit - kAllowed, 'connections beyond the limit to be closed');
    const held = fs.readdirSync(`/proc/${own.pid}/fd`).length;
    assert.ok(held < kLimit, `${held} descriptors`);
    assert.match(own.stderr, new RegExp(`fewer connections than server\\.max_connections.*connections=${kAllowed}`));
  } finally {
    for (const socket of sockets) socket.destroy();
    await own.dispose();
  }
});

test('the time of delivery is that of every message of a burst, also to a client that is slow to confirm', async () => {
  const kBurst = 500;
  const own = await Server.start();
  try {
    const [anna, bert] = await own.friends();
    const annas = await Client.connect(own, anna);
    const berts = await Client.connect(own, bert, { ack: (_, confirm) => void setTimeout(() => confirm({ ok: true }), 100) });
    await berts.event('drained');
    await Promise.all(Array.from({ length: kBurst }, (_, index) => annas.sent(bert, `m${index}`)));
    await annas.event('message_status', (event) => event.upTo === kBurst, 30_000);
    assert.equal(await own.metric('restante_delivery_seconds_count'), kBurst);
  } finally {
    await own.dispose();
  }
});

test('the metrics that others query are there', async () => {
  const [anna, bert] = await server.friends();
  const annas = await Client.connect(server, anna);
  const berts = await Client.connect(server, bert);
  await annas.sent(bert, 'measured');
  await annas.event('message_status');
  await annas.send('0123456789abcdef01234567', 'refused');
  const text = await server.metrics();
  for (const name of ['restante_delivery_seconds_bucket', 'restante_delivery_seconds_count', 'restante_commit_seconds_count', 'restante_pending_messages', 'restante_pending_users{bucket=',
    'restante_connections_total{outcome=', 'restante_sessions', 'restante_messages_total{outcome=', 'restante_push_total{', 'restante_presence_lookups_total{result="hit"}',
    'restante_presence_lookups_total{result="miss"}', 'restante_queue_depth{queue=', 'restante_refusals_total{reason=']) {
    assert.ok(text.includes(name), `${name} is missing`);
  }
  assert.equal(await server.metric('restante_sessions'), 2);
  assert.ok((await server.metric('restante_delivery_seconds_count')) >= 1);
  await until(async () => (await server.metric('restante_pending_messages')) === 0, 'nothing pending');
  berts.close();
  await sleep(50);
  for (let index = 0; index < 3; index += 1) await annas.sent(bert, 'pending');
  await until(async () => (await server.metric('restante_pending_messages')) === 3, 'three pending');
});
