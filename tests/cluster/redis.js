'use strict';
// A Redis of one's own that can die, hang, forget and be listened to.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { freePort, until } = require('../integration/harness');
const { endWithUs, memoryOrDisk } = require('../integration/mongodb');

const kAnswerMs = 20_000;
const kStartMs = 20_000;

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

class Redis {
  /** Why there is none, as the reason of a skipped test; undefined: there is one. */
  static missing() {
    return spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'no redis-server is installed';
  }

  /** @param {object} options words: arguments of the program besides those that every Redis here gets, port: a free one */
  static async start({ words = [], port } = {}) {
    const redis = new Redis();
    redis.words = words;
    redis.folder = fs.mkdtempSync(path.join(memoryOrDisk(), 'restante-redis-'));
    folders.add(redis.folder);
    redis.port = port ?? await freePort();
    redis.uri = `redis://127.0.0.1:${redis.port}`;
    await redis.boot();
    return redis;
  }

  async boot() {
    const [program, ...args] = [...endWithUs(), 'redis-server', '--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
      '--rdbcompression', 'no', '--dir', this.folder, '--logfile', path.join(this.folder, 'log'), '--loglevel', 'verbose', ...this.words];
    const child = spawn(program, args, { stdio: 'ignore' });
    this.child = child;
    running.add(child);
    this.ended = new Promise((done) => child.on('close', () => {
      running.delete(child);
      done();
    }));
    child.on('error', () => {});
    await until(() => this.command('PING').catch(() => undefined), 'an answer of Redis', kStartMs);
  }
  freeze() {
    this.child.kill('SIGSTOP'); // neither answers nor closes
  }
  resume() {
    this.child.kill('SIGCONT');
  }
  isUp() {
    return running.has(this.child);
  }
  async kill() {
    if (!running.has(this.child)) return;
    this.child.kill('SIGKILL');
    await this.ended;
  }
  async heal() {
    if (running.has(this.child)) this.resume();
    else await this.boot();
  }
  async dispose() {
    await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }

  /** The first line of the answer; fails with what Redis says. */
  command(...words) {
    return new Promise((done, fail) => {
      const socket = net.connect(this.port, '127.0.0.1', () => socket.write(`${words.join(' ')}\r\n`));
      let got = '';
      const finish = (settle, value) => {
        socket.destroy();
        settle(value);
      };
      socket.setTimeout(kAnswerMs, () => finish(fail, new Error('Redis does not answer')));
      socket.on('error', (error) => finish(fail, error));
      socket.on('close', () => fail(new Error('Redis closed the connection')));
      socket.on('data', (bytes) => {
        got += bytes.toString('latin1');
        const line = got.split('\r\n')[0];
        if (!got.includes('\r\n')) return;
        if (line.startsWith('-')) finish(fail, new Error(`Redis: ${line}`));
        else finish(done, line);
      });
    });
  }
  flushAll() {
    return this.command('FLUSHALL');
  }

  /** Everything that anybody says to this Redis from now on, in `text`. */
  async listen() {
    const heard = { text: '', stop: undefined };
    const socket = net.connect(this.port, '127.0.0.1', () => socket.write('MONITOR\r\n'));
    socket.on('error', () => {});
    socket.on('data', (bytes) => (heard.text += bytes.toString('latin1')));
    heard.stop = () => socket.destroy();
    await until(() => heard.text.includes('+OK'), 'MONITOR');
    return heard;
  }
}

module.exports = { Redis };
