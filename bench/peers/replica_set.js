'use strict';
// A MongoDB replica set for a measurement, with the server's own defaults: mongod processes on free ports of the loopback, data in a temporary folder.
//
//   RESTANTE_MONGOD   path of the program; otherwise tools/mongodb_server finds or fetches one

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { MongoClient } = require('mongodb');

const kStartMs = 60_000;
const kName = 'rs0';
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function findMongod() {
  const tool = path.join(__dirname, '../../tools/mongodb_server');
  return execFileSync(tool, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = net.createServer();
    probe.on('error', fail);
    probe.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

class ReplicaSet {
  /**
   * @param {number} members how many servers
   * @param {number} cacheGb memory of each member
   */
  static async start({ members = 1, cacheGb = 1 } = {}) {
    const set = new ReplicaSet();
    set.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-mongodb-'));
    folders.add(set.folder);
    set.members = [];
    set.program = findMongod();
    for (let index = 0; index < members; index += 1) set.members.push(await set.launch(set.program, index, cacheGb));
    await set.initiate();
    return set;
  }

  async launch(program, index, cacheGb) {
    const data = path.join(this.folder, `member${index}`);
    fs.mkdirSync(data);
    const port = await freePort();
    const args = ['--dbpath', data, '--port', port, '--bind_ip', '127.0.0.1', '--nounixsocket', '--replSet', kName, '--wiredTigerCacheSizeGB', cacheGb,
      '--logpath', path.join(this.folder, `member${index}.log`), '--setParameter', 'diagnosticDataCollectionEnabled=false'];
    const child = spawn(program, args.map(String), { stdio: 'ignore' });
    running.add(child);
    const ended = new Promise((done) => child.on('exit', () => done(running.delete(child))));
    return { child, data, port, ended };
  }

  async initiate() {
    const hosts = this.members.map(({ port }, _id) => ({ _id, host: `127.0.0.1:${port}` }));
    const admin = (direct) => new MongoClient(direct, { serverSelectionTimeoutMS: kStartMs });
    const first = admin(`mongodb://${hosts[0].host}/?directConnection=true`);
    try {
      await first.db('admin').command({ replSetInitiate: { _id: kName, members: hosts } });
    } finally {
      await first.close();
    }
    const all = admin(this.uri('admin'));
    try {
      const end = Date.now() + kStartMs;
      for (;;) {
        const hello = await all.db('admin').command({ hello: 1 });
        const { members } = await all.db('admin').command({ replSetGetStatus: 1 });
        if (hello.isWritablePrimary && members.every(({ stateStr }) => stateStr === 'PRIMARY' || stateStr === 'SECONDARY')) return;
        if (Date.now() > end) throw new Error(`the replica set did not come up: ${JSON.stringify(members)}`);
        await sleep(50);
      }
    } finally {
      await all.close();
    }
  }

  uri(database = 'restante') {
    return `mongodb://${this.members.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${database}?replicaSet=${kName}`;
  }
  get pids() {
    return this.members.map(({ child }) => child.pid);
  }

  async dispose() {
    for (const { child } of this.members) child.kill('SIGKILL');
    await Promise.all(this.members.map(({ ended }) => ended));
    fs.rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}

module.exports = { ReplicaSet, freePort };
