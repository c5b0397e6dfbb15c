'use strict';
// A real MongoDB for tests: a replica set of one member on a free loopback port, in a folder of its own. It ends with
// this process, whatever ends it.
//
//   RESTANTE_MONGOD  the server to start (default: what tools/mongodb_server finds or fetches)
//
//   const why = MongoDb.missing();                        // the reason to skip, where there is no server
//   const mongodb = await MongoDb.start();
//   Server.start({ set: mongodb.settings() })             // a node on a database of its own; settings('name') for several nodes
//   await mongodb.command('name', { count: 'commits' })   // any command; fails with what the server says
//   mongodb.freeze(); mongodb.resume(); await mongodb.kill(); await mongodb.boot(); await mongodb.dispose();

const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { freePort, uniqueName, until } = require('./harness');
const { runCommand } = require('./mongodb_wire');

const kFinder = path.join(__dirname, '../../tools/mongodb_server');
const kStartTimeoutMs = 60_000; // a loaded machine, not a limit
const kEnoughMemory = 2 * 2 ** 30; // a member with its journal and oplog
const kSet = 'restante';

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

let found; // { program } or { reason }
function find() {
  if (found) return found;
  try {
    found = { program: execFileSync(kFinder, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim().split('\n').at(-1) };
  } catch (error) {
    found = { reason: `no MongoDB server: ${String(error.stderr || error.message).trim().split('\n').at(-1)}` };
  }
  return found;
}

/** No power is cut here: where there is a file system in memory, the many journal writes cost nothing. */
function memoryOrDisk() {
  const memory = '/dev/shm';
  try {
    fs.accessSync(memory, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(memory);
    if (bavail * bsize >= kEnoughMemory) return memory;
  } catch {
    // There is none, or it is not ours.
  }
  return os.tmpdir();
}

/** Words that make the kernel end the program when this process is killed; none where there is no setpriv. */
function endWithUs() {
  const words = ['setpriv', '--pdeathsig', 'KILL'];
  return spawnSync(words[0], [...words.slice(1), 'true']).status === 0 ? words : [];
}

class MongoDb {
  /** Why there is none, as the reason of a skipped test; undefined: there is one. */
  static missing() {
    return find().reason;
  }

  /** A member of a set that somebody else will initiate; `words` are added to its command line. */
  static async member(words = []) {
    const { program, reason } = find();
    if (reason) throw new Error(reason);
    const mongodb = new MongoDb();
    mongodb.program = program;
    mongodb.words = words;
    mongodb.folder = fs.mkdtempSync(path.join(memoryOrDisk(), 'restante-mongodb-'));
    folders.add(mongodb.folder);
    mongodb.port = await freePort();
    await mongodb.spawnProgram();
    return mongodb;
  }

  static async start() {
    const mongodb = await MongoDb.member();
    mongodb.uri = `mongodb://127.0.0.1:${mongodb.port}/?replicaSet=${kSet}&heartbeatFrequencyMS=500`;
    await mongodb.command('admin', { replSetInitiate: {
      _id: kSet, members: [{ _id: 0, host: `127.0.0.1:${mongodb.port}` }],
      settings: { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 500 },
    } });
    await mongodb.primary();
    return mongodb;
  }

  /** Settings of a server that keeps its data here, in `database` or one that nobody else uses. */
  settings(database = uniqueName('test_')) {
    return { 'storage.engine': 'mongodb', 'storage.mongodb_uri': this.uri.replace('/?', `/${database}?`) };
  }

  /** Runs a command on a database and gives the reply; values as mongodb_wire.js says. */
  command(database, command) {
    return runCommand(this.port, database, command);
  }
  /** Documents of a collection that fit. */
  async find(database, collection, filter = {}, limit = 1000) {
    return (await this.command(database, { find: collection, filter, limit, batchSize: limit, singleBatch: true })).cursor.firstBatch;
  }
  async names(database) {
    const { cursor } = await this.command(database, { listCollections: 1, nameOnly: true, cursor: { batchSize: 1000 } });
    return cursor.firstBatch.map((each) => each.name).sort();
  }

  freeze() {
    this.child.kill('SIGSTOP'); // neither answers nor closes
  }
  resume() {
    this.child.kill('SIGCONT');
  }
  isRunning() {
    return running.has(this.child);
  }
  async kill() {
    if (!this.isRunning()) return;
    this.child.kill('SIGKILL');
    await this.ended;
  }
  /** Starts it again on the data that it had. */
  async boot() {
    await this.spawnProgram();
    await this.primary();
  }
  async dispose() {
    await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }

  async spawnProgram() {
    const log = fs.openSync(path.join(this.folder, 'log'), 'a');
    const [program, ...args] = [...endWithUs(), this.program, '--replSet', kSet, '--port', String(this.port), '--bind_ip', '127.0.0.1',
      '--dbpath', this.folder, '--wiredTigerCacheSizeGB', '0.25', '--nounixsocket', '--quiet', '--oplogSize', '128',
      '--setParameter', 'enableTestCommands=1', '--setParameter', 'diagnosticDataCollectionEnabled=false', ...this.words];
    const child = spawn(program, args, { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.child = child;
    running.add(child);
    let over = false;
    this.ended = new Promise((done) => child.on('close', () => {
      running.delete(child);
      over = true;
      done();
    }));
    child.on('error', () => (over = true));
    await until(() => {
      if (over) throw new Error(`mongod ended at once: ${fs.readFileSync(path.join(this.folder, 'log'), 'utf8').slice(-2000)}`);
      return this.command('admin', { ping: 1 }).catch(() => undefined);
    }, 'an answer of mongod', kStartTimeoutMs);
  }
  primary() {
    return until(async () => (await this.command('admin', { hello: 1 }).catch(() => ({}))).isWritablePrimary, 'a primary', kStartTimeoutMs);
  }
}

module.exports = { MongoDb, kSet, memoryOrDisk, endWithUs };
