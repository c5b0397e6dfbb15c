'use strict';
// ./run --cluster for real: what it prints, what it leaves running when it ends in every way, what it refuses.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { Server, freePort, kBinary, until } = require('../integration/harness');
const { skip } = require('./cluster');

const kRoot = path.join(__dirname, '../..');
const kBuilt = path.join(kRoot, 'build/release/bin/restante');
/** Another build's binaries do not go through ./run, which would build its own. */
const kCommand = path.resolve(kBinary) === kBuilt ? [path.join(kRoot, 'run'), '--cluster'] : [path.join(kRoot, 'tools/cluster'), path.resolve(kBinary)];
const kQuickHash = ['--set', 'auth.argon2_memory_kib=1024', '--set', 'auth.argon2_passes=1'];
const kStartMs = 300_000; // may build, on a loaded machine
const kStopMs = 60_000;
const kNodes = 3;

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-run-'));
const launched = new Set();
after(() => {
  for (const child of launched) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  fs.rmSync(root, { recursive: true, force: true, maxRetries: 100, retryDelay: 100 });
});

const readIn = (pid, name) => {
  try {
    return fs.readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
};
/** Fields of /proc/PID/stat after the name: state, parent, group, session. */
const stat = (pid) => readIn(pid, 'stat').split(') ').at(-1).split(' ');
const runs = (pid) => !['', 'Z', 'X'].includes(stat(pid)[0]);
const sessionOf = (pid) => Number(stat(pid)[3]);
const linkOf = (pid) => {
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
};
/** Whoever works on this folder: named on the command line, or worked in. */
function processesOn(folder) {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
    .filter((pid) => pid !== process.pid && runs(pid) && (readIn(pid, 'cmdline').includes(folder) || linkOf(pid).startsWith(folder)));
}

/** Runs the command with a process group of its own; `ended` gives { code, signal }. */
function launch(folder, port, args = []) {
  const [program, ...words] = [...kCommand, '--port', String(port), '--data', folder, ...kQuickHash, ...args];
  const child = spawn(program, words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  launched.add(child);
  const run = { child, folder, port, stdout: '', stderr: '' };
  child.stdout.on('data', (text) => (run.stdout += text));
  child.stderr.on('data', (text) => (run.stderr += text));
  run.ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
  run.closed = new Promise((done) => child.on('close', (code) => done(code)));
  return run;
}
async function start(folder, port, args) {
  const run = launch(folder, port, args);
  await until(() => {
    if (run.child.exitCode !== null) throw new Error(`it ended with ${run.child.exitCode}: ${run.stdout.slice(-1000)} ${run.stderr.slice(-2000)}`);
    return run.stdout.match(/^listening on http:\/\/127\.0\.0\.1:\d+$/gm)?.length === kNodes;
  }, 'three lines "listening on"', kStartMs);
  run.urls = [...run.stdout.matchAll(/^listening on (http:\S+)$/gm)].map((match) => match[1]);
  run.pids = [...run.stdout.matchAll(/^node (\d+) pid (\d+)$/gm)].map((match) => Number(match[2]));
  run.stores = [...run.stdout.matchAll(/^(?:mongodb \d|redis) pid (\d+) /gm)].map((match) => Number(match[1]));
  run.nodes = run.urls.map((url) => Object.assign(Object.create(Server.prototype), { port: Number(new URL(url).port) }));
  return run;
}
/** Waits for the end; no store may be seen dead while a node is alive. */
async function endsInOrder(run) {
  let ended;
  run.ended.then((how) => (ended = how));
  await until(() => {
    const dead = run.stores.filter((pid) => !runs(pid));
    const alive = run.pids.filter((pid) => runs(pid));
    assert.ok(dead.length === 0 || alive.length === 0, `stores ${dead} ended before nodes ${alive}`);
    return ended;
  }, 'the end', kStopMs);
  return ended;
}
const nothingLeft = (folder) => until(() => processesOn(folder).length === 0, `the end of ${processesOn(folder).map((pid) => readIn(pid, 'cmdline'))}`, kStopMs);
const ready = async (node) => (await fetch(`${node.url}/readyz`)).status;

test('it starts three nodes that share everything, says so, and ends in order', { skip: skip() }, async (t) => {
  const folder = path.join(root, 'whole');
  let run = await start(folder, await freePort());
  let user;

  await t.test('one line for each node with its process, and one with its address; the first has the port', async () => {
    assert.deepEqual([...run.stdout.matchAll(/^node (\d+) pid \d+$/gm)].map((match) => match[1]), ['1', '2', '3']);
    assert.equal(run.urls[0], `http://127.0.0.1:${run.port}`);
    assert.equal(new Set(run.urls).size, kNodes);
    for (const pid of run.pids) assert.match(readIn(pid, 'cmdline'), /restante\0serve/);
    for (const node of run.nodes) assert.equal(await ready(node), 200);
  });

  await t.test('the stores have a session of their own', () => {
    assert.equal(run.stores.length, 4);
    const sessions = new Set(run.stores.map(sessionOf));
    assert.equal(sessions.size, 1);
    assert.ok(!sessions.has(sessionOf(run.child.pid)));
    for (const pid of run.pids) assert.equal(sessionOf(pid), sessionOf(run.child.pid));
  });

  await t.test('who registers at one node logs in at the others, with the same secrets in each folder', async () => {
    user = await run.nodes[0].register();
    for (const node of run.nodes) await node.logIn(user);
    for (const name of ['master.key', 'keys', 'operator_token']) {
      const copies = [1, 2, 3].map((number) => fs.readFileSync(path.join(folder, `node${number}`, name)));
      for (const copy of copies) assert.deepEqual(copy, copies[0]);
      for (const number of [1, 2, 3]) assert.equal(fs.statSync(path.join(folder, `node${number}`, name)).mode & 0o077, 0);
    }
  });

  await t.test('a folder in use is refused and its cluster goes on', async () => {
    const second = launch(folder, await freePort());
    assert.notEqual(await second.closed, 0);
    assert.equal(second.stderr.trim().split('\n').length, 1, second.stderr);
    assert.match(second.stderr, /in use/);
    assert.equal(await ready(run.nodes[0]), 200);
  });

  await t.test('a node that is killed is not started again, and the others go on', async () => {
    process.kill(run.pids[2], 'SIGKILL');
    await until(() => /node 3 .*SIGKILL/.test(run.stderr), 'a line about it');
    assert.equal(run.child.exitCode, null);
    for (const node of run.nodes.slice(0, 2)) assert.equal(await ready(node), 200);
    await assert.rejects(ready(run.nodes[2]));
    await run.nodes[1].logIn(user);
  });

  await t.test('SIGTERM to the group: the nodes drain, then the stores end, status 0, nothing is left', async () => {
    process.kill(-run.child.pid, 'SIGTERM');
    assert.deepEqual(await endsInOrder(run), { code: 0, signal: null }, run.stderr.slice(-2000));
    await nothingLeft(folder);
  });

  await t.test('the next start has the same data, also where another program took a port', async () => {
    const { mongodb } = JSON.parse(fs.readFileSync(path.join(folder, 'ports'), 'utf8'));
    const other = net.createServer((socket) => socket.destroy()).listen(mongodb[0], '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    run = await start(folder, await freePort());
    for (const node of run.nodes) await node.logIn(user);
    other.close();
  });

  await t.test('SIGINT to the launcher alone ends everything with 0', async () => {
    run.child.kill('SIGINT');
    assert.deepEqual(await endsInOrder(run), { code: 0, signal: null }, run.stderr.slice(-2000));
    await nothingLeft(folder);
  });

  await t.test('a launcher that is killed leaves nothing running, and its data to the next', async () => {
    run = await start(folder, await freePort());
    await run.nodes[2].logIn(user);
    run.child.kill('SIGKILL');
    await endsInOrder(run);
    await nothingLeft(folder);
    run = await start(folder, await freePort());
    await run.nodes[1].logIn(user);
    process.kill(-run.child.pid, 'SIGKILL'); // the nodes too
    await nothingLeft(folder);
  });

  await t.test('secrets that differ are refused, and stay', async () => {
    fs.writeFileSync(path.join(folder, 'node2/keys'), 'other keys');
    const refused = launch(folder, await freePort());
    assert.notEqual(await refused.closed, 0);
    assert.equal(refused.stderr.trim().split('\n').length, 1, refused.stderr);
    assert.match(refused.stderr, /node2\/keys differs/);
    assert.equal(fs.readFileSync(path.join(folder, 'node2/keys'), 'utf8'), 'other keys');
    await nothingLeft(folder);
  });
});

test('what a node would refuse is refused before anything is made', { skip: skip() }, async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => other.once('listening', done));
  const taken = other.address().port;
  const cases = [
    [taken, [], new RegExp(String(taken))],
    [await freePort(), ['--set', 'limits.nonsense=1'], /limits\.nonsense/],
    [await freePort(), ['--host', '0.0.0.0'], /insecure-plaintext/],
  ];
  for (const [port, args, mentions] of cases) {
    const folder = path.join(root, `refused${port}`);
    const run = launch(folder, port, args);
    assert.notEqual(await run.closed, 0);
    assert.equal(run.stderr.trim().split('\n').length, 1, run.stderr);
    assert.match(run.stderr, mentions);
    assert.doesNotMatch(run.stdout, /listening on/);
    assert.equal(fs.existsSync(folder), false, `${args} made ${folder}`);
  }
  other.close();
  const single = path.join(root, 'single');
  fs.mkdirSync(path.join(single, 'store'), { recursive: true });
  const run = launch(single, await freePort());
  assert.notEqual(await run.closed, 0);
  assert.match(run.stderr, /single node/);
  assert.deepEqual(fs.readdirSync(single), ['store']);
});
