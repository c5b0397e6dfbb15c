'use strict';
// A Prometheus of its own on a free loopback port, with temporary storage, and promtool. Always cleans up after itself.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { freePort, scale, sleep, until } = require('../integration/harness');

const kRoot = path.join(__dirname, '../..');
const kRules = path.join(kRoot, 'deploy/prometheus/restante.yml');
const kReadyMs = 30_000;

const isInstalled = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
/** For the `skip` option of a test. */
const kMissing = isInstalled('prometheus') && isInstalled('promtool') ? false : 'the package prometheus is not installed';

function promtool(args, input) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8', cwd: kRoot });
  return { status, output: stdout + stderr };
}

/**
 * The alert rules with every `for` shortened to a second and nothing else changed, so that a test need not wait for
 * minutes. The expressions, their windows, bounds and guards are those that are deployed.
 */
function impatientRules() {
  return fs.readFileSync(kRules, 'utf8').replace(/^(\s+for: ).*$/gm, '$11s');
}

const running = new Set();
process.on('exit', () => {
  for (const { child, folder } of running) {
    child.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

class Prometheus {
  /** @param {Record<string, string>} targets instance name -> host:port */
  static async start(targets, { intervalMs = 1000 } = {}) {
    const prometheus = new Prometheus();
    prometheus.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-prometheus-'));
    const file = (name) => path.join(prometheus.folder, name);
    fs.writeFileSync(file('rules.yml'), impatientRules());
    const scrapes = Object.entries(targets).map(([instance, target]) =>
      `      - { targets: ["${target}"], labels: { instance: "${instance}" } }`);
    fs.writeFileSync(file('prometheus.yml'), [
      'global:', `  scrape_interval: ${intervalMs}ms`, `  scrape_timeout: ${intervalMs}ms`, `  evaluation_interval: ${intervalMs}ms`,
      'rule_files: [rules.yml]', 'scrape_configs:', '  - job_name: restante', '    static_configs:', ...scrapes, ''].join('\n'));
    const port = await freePort();
    prometheus.url = `http://127.0.0.1:${port}`;
    prometheus.log = '';
    const child = spawn('prometheus', [`--config.file=${file('prometheus.yml')}`, `--storage.tsdb.path=${file('data')}`,
      `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'], { stdio: ['ignore', 'ignore', 'pipe'], cwd: prometheus.folder });
    child.stderr.on('data', (text) => (prometheus.log += text));
    prometheus.child = child;
    prometheus.ended = new Promise((done) => child.on('close', done));
    running.add(prometheus);
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended: ${prometheus.log.slice(-2000)}`);
      return (await fetch(`${prometheus.url}/-/ready`).catch(() => ({}))).ok;
    }, 'a ready Prometheus', kReadyMs);
    return prometheus;
  }

  async get(route) {
    const response = await fetch(this.url + route);
    const body = await response.json();
    if (body.status !== 'success') throw new Error(`${route}: ${JSON.stringify(body)}`);
    return body.data;
  }
  /** Instant query: [{ labels, value }], values that are not a number left out. */
  async query(expression) {
    const { result } = await this.get(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })).filter(({ value }) => !Number.isNaN(value));
  }
  /** The value of an expression with one result; undefined when there is none. */
  async value(expression) {
    return (await this.query(expression))[0]?.value;
  }
  /** Alerts that fire now, of one instance. */
  async firing(instance) {
    const { alerts } = await this.get('/api/v1/alerts');
    return alerts.filter(({ state, labels }) => state === 'firing' && labels.instance === instance);
  }
  async untilFiring(instance, name, milliseconds = 30_000) {
    return until(async () => {
      const found = (await this.firing(instance)).find(({ labels }) => labels.alertname === name);
      if (!found) await sleep(200);
      return found;
    }, `${name} to fire for ${instance}`, milliseconds);
  }
  /** Until the samples of what has happened so far are in. */
  async untilScraped(instance) {
    const since = Date.now();
    await until(async () => {
      await sleep(100);
      const { activeTargets } = await this.get('/api/v1/targets?state=active');
      const target = activeTargets.find(({ labels }) => labels.instance === instance);
      return target?.health === 'up' && Date.parse(target.lastScrape) > since + 50;
    }, 'a scrape', 20_000);
  }
  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), scale(10_000));
    await this.ended;
    clearTimeout(timer);
    running.delete(this);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * Serves the real server's page with some series overwritten or added: what an incident would look like that cannot be
 * provoked on the machine of a test (a full disk, a broken one, weeks that pass).
 */
class StandIn {
  static async start(server) {
    const standIn = new StandIn();
    standIn.overrides = new Map();
    standIn.http = http.createServer(async (request, response) => {
      try {
        response.end(standIn.rewrite(await server.metrics()));
      } catch {
        response.statusCode = 503;
        response.end();
      }
    });
    await new Promise((done) => standIn.http.listen(0, '127.0.0.1', done));
    standIn.target = `127.0.0.1:${standIn.http.address().port}`;
    return standIn;
  }
  /** @param {string} series name and labels as on the page; value: a number, or a function called at each scrape */
  override(series, value) {
    this.overrides.set(series, value);
  }
  rewrite(page) {
    const seen = new Set();
    const value = (series) => {
      const set = this.overrides.get(series);
      return typeof set === 'function' ? set() : set;
    };
    const lines = page.split('\n').map((line) => {
      const series = line.slice(0, line.lastIndexOf(' '));
      if (!this.overrides.has(series)) return line;
      seen.add(series);
      return `${series} ${value(series)}`;
    });
    for (const series of this.overrides.keys()) if (!seen.has(series)) lines.push(`${series} ${value(series)}`);
    return `${lines.filter((line) => line !== '').join('\n')}\n`;
  }
  stop() {
    this.http.closeAllConnections?.();
    this.http.close();
  }
}

module.exports = { Prometheus, StandIn, impatientRules, kMissing, kRoot, kRules, promtool };
