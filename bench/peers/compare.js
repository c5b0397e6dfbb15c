'use strict';
// Compares the founding document in Node.js with this server: same replica set, same Redis, same load, one run.
//
//   node compare.js [--members 1] [--rounds 3] [--seconds 10] [--workloads 100x1,100x8,1000x1] [--complete delivered|acked]
//                   [--bin ../../build/release/bin] [--record FILE]
//
// A workload is users x messages that each of them has under way. Both sides take turns, round by round, on fresh databases; the table shows medians.
// A turn of the loop ends when the sender is told that its message was delivered (or, with --complete acked, that it was saved).

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { MongoClient } = require('mongodb');
const { ReplicaSet, freePort } = require('./replica_set');
const report = require('./report');
const { node, restante, startRedis, cpuSeconds } = require('./sides');

const kWarmupSeconds = 5; // a just-in-time compiler wants to have seen the load
const kTailSeconds = 1; // the generator waits so long for what is under way
const kSampleMs = 100;

function options() {
  const { values } = parseArgs({ options: {
    members: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '10' },
    workloads: { type: 'string', default: '100x1,100x8,1000x1' }, complete: { type: 'string', default: 'delivered' },
    bin: { type: 'string', default: path.join(__dirname, '../../build/release/bin') }, record: { type: 'string' },
  } });
  const workloads = values.workloads.split(',').map((text) => {
    const match = /^(\d+)x(\d+)$/.exec(text);
    if (!match || Number(match[1]) % 2 !== 0) throw new Error(`${text} is no workload: an even number of users, x, messages under way`);
    return { name: text, users: Number(match[1]), outstanding: Number(match[2]) };
  });
  return { ...values, members: Number(values.members), rounds: Number(values.rounds), seconds: Number(values.seconds), workloads };
}

/** The generator's figures. It ends with 1 where the figures are not consistent, which is a result here and not an error. */
function generate({ bin, seconds, complete }, { users, outstanding }, { tokens, server }) {
  const args = ['--port', server.port, '--tokens', tokens, '--users', users, '--outstanding', outstanding, '--warmup', kWarmupSeconds,
    '--seconds', seconds, '--complete', complete, '--server-pid', server.pid];
  return new Promise((done, fail) => {
    execFile(path.join(bin, 'load_generator'), args.map(String), (error, stdout, stderr) => {
      if (stdout.trim() === '') fail(new Error(`the load generator gave no figures: ${stderr || error}`));
      else done({ consistent: !error, ...JSON.parse(stdout) });
    });
  });
}

/** CPU seconds of each program in the seconds that the generator counted, which ended at `end`. */
function spent(samples, end, seconds) {
  const nearest = (at) => samples.reduce((best, sample) => (Math.abs(sample.at - at) < Math.abs(best.at - at) ? sample : best)).cpu;
  const [before, after] = [nearest(end - seconds * 1000), nearest(end)];
  return Object.fromEntries(Object.keys(after).map((name) => [name, Number((after[name] - before[name]).toFixed(2))]));
}

class Comparison {
  constructor(settings) {
    Object.assign(this, { settings, results: [], databases: 0 });
  }

  async run() {
    const { members, rounds, workloads } = this.settings;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-peers-'));
    process.on('exit', () => fs.rmSync(this.folder, { recursive: true, force: true }));
    this.mongodb = await ReplicaSet.start({ members });
    this.redis = await startRedis(await freePort(), this.folder);
    for (const workload of workloads) {
      for (let round = 0; round < rounds; round += 1) {
        const sides = round % 2 === 0 ? [node, restante] : [restante, node];
        for (const side of sides) this.results.push(await this.measure(side, workload, round));
      }
    }
    this.redis.stop();
    await this.mongodb.dispose();
  }

  async measure(side, workload, round) {
    this.databases += 1;
    const database = `run${this.databases}`;
    const folder = path.join(this.folder, database);
    fs.mkdirSync(folder);
    const started = await side.start({ folder, mongodb: this.mongodb.uri(database), redis: this.redis.uri, users: workload.users, binaries: this.settings.bin });
    const samples = [];
    const sampling = setInterval(() => samples.push({ at: Date.now(), cpu: this.cpu(started) }), kSampleMs);
    const figures = await generate(this.settings, workload, started);
    clearInterval(sampling);
    const cpu = spent(samples, Date.now() - kTailSeconds * 1000, figures.seconds);
    await started.server.stop();
    await this.drop(database);
    const result = { side: side.name, workload: workload.name, round, cpu, ...figures };
    console.log(JSON.stringify(result));
    return result;
  }

  /** Seconds of each program so far. */
  cpu({ server }) {
    const sum = (pids) => pids.reduce((total, pid) => total + cpuSeconds(pid), 0);
    return { server: sum([server.pid]), mongod: sum(this.mongodb.pids), redis: sum([this.redis.pid]) };
  }
  async drop(database) {
    const client = new MongoClient(this.mongodb.uri(database));
    await client.db(database).dropDatabase();
    await client.close();
    execFileSync('redis-cli', ['-u', this.redis.uri, 'flushall']);
  }
}

async function main() {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  const comparison = new Comparison(options());
  await comparison.run();
  const text = report.of(comparison.results, { ...comparison.settings, mongod: comparison.mongodb.program });
  console.log(`\n${text}`);
  if (comparison.settings.record) fs.writeFileSync(comparison.settings.record, text);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
