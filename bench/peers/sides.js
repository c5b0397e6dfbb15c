'use strict';
// The two servers that are compared, each on the same MongoDB and the same Redis, with users of its own.

const { execFile, execFileSync, spawn } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { promisify } = require('node:util');

const run = promisify(execFile);
const kNoLimit = 1e9; // the limit's code path, but never its refusal
const kStartMs = 60_000;
const kStopMs = 30_000;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that says "listening on http://…:PORT" when it is ready. */
class Process {
  static async start(program, args, env = {}) {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    running.add(child);
    const started = new Process();
    started.pid = child.pid;
    started.child = child;
    started.ended = new Promise((done) => child.on('exit', () => done(running.delete(child))));
    const timer = setTimeout(() => child.kill('SIGKILL'), kStartMs);
    for await (const line of readline.createInterface({ input: child.stdout })) {
      const match = /^listening on http:\/\/[\d.]+:(\d+)/.exec(line);
      if (!match) continue;
      clearTimeout(timer);
      started.port = Number(match[1]);
      child.stdout.resume();
      return started;
    }
    throw new Error(`${path.basename(program)} ended before it listened`);
  }
  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), kStopMs);
    await this.ended;
    clearTimeout(timer);
  }
}

/** The founding document in Node.js. */
const node = {
  name: 'node',
  async start({ folder, mongodb, redis, users }) {
    const tokens = path.join(folder, 'tokens');
    const env = { NODE_ENV: 'production', MONGODB_URI: mongodb, REDIS_URI: redis, JWT_SECRET: randomBytes(32).toString('hex'),
      CONTENT_KEY: randomBytes(32).toString('hex'), MESSAGES_PER_MINUTE: String(kNoLimit) };
    await run(process.execPath, [path.join(__dirname, 'seed.js'), String(users), tokens], { env: { ...process.env, ...env } });
    return { tokens, server: await Process.start(process.execPath, [path.join(__dirname, 'peer.js')], env) };
  },
};

/** One node of this project. */
const restante = {
  name: 'restante',
  async start({ folder, mongodb, redis, users, binaries }) {
    const [program, tokens, data] = [path.join(binaries, 'restante'), path.join(folder, 'tokens'), path.join(folder, 'data')];
    const settings = { 'storage.engine': 'mongodb', 'storage.mongodb_uri': mongodb, ...(this.knowsRedis(program) ? { 'redis.uri': redis } : {}) };
    const set = (values) => Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    await run(program, ['seed', '--data', data, '--users', String(users), '--friends', 'pairs', '--tokens', tokens, ...set(settings)]);
    const limits = { 'limits.messages_per_minute': kNoLimit, 'limits.bytes_per_second': kNoLimit, 'log.level': 'warning' };
    return { tokens, server: await Process.start(program, ['serve', '--data', data, '--port', '0', ...set({ ...settings, ...limits })]) };
  },
  knowsRedis(program) {
    return execFileSync(program, ['settings'], { encoding: 'utf8' }).includes('## [redis]');
  },
};

/** Redis without persistence: it carries presence and hints only. */
async function startRedis(port, folder) {
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder], { stdio: 'ignore' });
  running.add(child);
  child.on('exit', () => running.delete(child));
  return { pid: child.pid, uri: `redis://127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') };
}

/** User and system time of a process so far. */
function cpuSeconds(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / cpuSeconds.ticks;
}
cpuSeconds.ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

module.exports = { node, restante, startRedis, cpuSeconds };
