'use strict';
// A comparison as a page: machine, method, medians, ratios.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const kSyncs = 200;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const versionOf = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, 'node_modules', name, 'package.json'), 'utf8')).version;
/** What a program calls its version. */
const versionSaid = (program, pattern) => pattern.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))[1];

/** Milliseconds of one fdatasync after 4 KiB, the median. */
function syncMilliseconds() {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'restante-sync-')), 'file');
  const descriptor = fs.openSync(file, 'w');
  const block = Buffer.alloc(4096, 1);
  const times = Array.from({ length: kSyncs }, () => {
    fs.writeSync(descriptor, block);
    const start = process.hrtime.bigint();
    fs.fdatasyncSync(descriptor);
    return Number(process.hrtime.bigint() - start) / 1e6;
  });
  fs.closeSync(descriptor);
  fs.rmSync(path.dirname(file), { recursive: true });
  return median(times);
}

function machine() {
  const [cpu] = os.cpus();
  return `${os.cpus().length} × ${cpu.model}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Linux ${os.release()}, fdatasync ${syncMilliseconds().toFixed(2)} ms`;
}

function row(results, workload) {
  const of = (side) => results.filter((result) => result.side === side && result.workload === workload);
  const values = (side, figure) => median(of(side).map(figure));
  const cpu = (side) => ['server', 'mongod', 'redis'].map((name) => Math.round(values(side, (result) => (result.cpu[name] / (result.per_second * result.seconds)) * 1e6))).join(' / ');
  const rate = (side) => values(side, (result) => result.per_second);
  const latency = (side) => ['p50', 'p99'].map((part) => (values(side, (result) => result.receive_us[part]) / 1000).toFixed(1)).join(' / ');
  const disordered = (side) => of(side).reduce((sum, result) => sum + result.disordered, 0);
  return [workload, Math.round(rate('node')), Math.round(rate('restante')), `**${(rate('restante') / rate('node')).toFixed(2)}**`,
    cpu('node'), cpu('restante'), latency('node'), latency('restante'), disordered('node'), disordered('restante')];
}

function of(results, settings) {
  const head = ['users x under way', 'Node messages/s', 'Restante messages/s', 'ratio', 'CPU µs/message, Node: server / mongod / redis',
    'CPU, Restante', 'send → received ms p50 / p99, Node', 'Restante', 'out of order, Node', 'Restante'];
  const lines = (cells) => `| ${cells.join(' | ')} |`;
  const rows = settings.workloads.map(({ name }) => lines(row(results, name)));
  return [
    '# The founding document in Node.js, and Restante, on MongoDB and Redis', '',
    `${machine()}. MongoDB ${versionSaid(settings.mongod, /version v(\S+)/)} with ${settings.members} member${settings.members === 1 ? '' : 's'},`,
    `Redis ${versionSaid('redis-server', /v=(\S+)/)}; Node.js ${process.versions.node}, socket.io ${versionOf('socket.io')}, mongoose ${versionOf('mongoose')}, ioredis ${versionOf('ioredis')}.`,
    `Everything shares the machine. Medians of ${settings.rounds} rounds of ${settings.seconds} s; texts of 200 bytes; a turn ends when the sender is told "${settings.complete}".`,
    'CPU: of the seconds that count, by their messages; the full figures, CPU seconds too, are the JSON lines of the run.', '',
    lines(head), lines(head.map(() => '---')), ...rows, '',
  ].join('\n');
}

module.exports = { of };
