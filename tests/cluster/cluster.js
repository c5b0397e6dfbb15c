'use strict';
// A replica set of three, a Redis and some nodes of Restante on free loopback ports, with everything that can happen to them.
//
//   RESTANTE_CLUSTER_NODES  how many nodes (default 3)
//
//   const why = Cluster.missing();                       // the reason to skip, where something is not installed
//   const cluster = await Cluster.start();
//   cluster.node(1)                                      // a Server of tests/integration/harness.js; wraps around
//   await cluster.kill(1); await cluster.boot(1); cluster.pause(1); cluster.resume(1); await cluster.restart(1);
//   cluster.mongodb.killPrimary() … cluster.redis.flushAll() … await cluster.heal(); await cluster.dispose();

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Proxy, Server, kSlow, until } = require('../integration/harness');
const { MongoDb } = require('../integration/mongodb');
const { Redis } = require('./redis');
const { ReplicaSet } = require('./replica_set');

const kNodes = Number(process.env.RESTANTE_CLUSTER_NODES || 3);
/** What all nodes must have in common. */
const kKeyFiles = /^(master\.key|keys.*|operator_token)$/;
/** An original client whose WebSocket breaks in the middle of its upgrade sits still until its heartbeat runs out. */
const kHeartbeat = { 'server.ping_interval_ms': 2000 * kSlow, 'server.ping_timeout_ms': 3000 * kSlow };
const kReadyMs = 60_000;

const folders = new Set();
process.on('exit', () => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});
// Who is told to end by a signal ends the servers first.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** Goes with this process at the latest. */
function temporaryFolder(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `restante-${name}-`));
  folders.add(folder);
  return folder;
}

class Cluster {
  static missing() {
    return MongoDb.missing() ?? Redis.missing();
  }

  /** @param {object} options set: settings of the nodes, searchable: files of MongoDB in which a search finds what was written, redis: what kind of Redis */
  static async start({ nodes = kNodes, members = 3, set = {}, searchable = false, redis = Redis } = {}) {
    const cluster = new Cluster();
    cluster.nodes = [];
    cluster.fronts = [];
    cluster.folder = temporaryFolder('cluster');
    try {
      cluster.mongodb = await ReplicaSet.start({ members, searchable });
      cluster.redis = await redis.start();
      cluster.settings = { ...kHeartbeat, ...cluster.mongodb.settings(), 'redis.uri': cluster.redis.uri, ...set };
      for (let index = 0; index < nodes; index += 1) await cluster.addNode();
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  /** One more node, with a folder of its own and the keys of the first. */
  async addNode() {
    const data = path.join(this.folder, `node${this.nodes.length}`);
    fs.mkdirSync(data, { mode: 0o700 });
    if (this.nodes.length > 0) {
      const [{ data: first }] = this.nodes;
      for (const name of fs.readdirSync(first)) if (kKeyFiles.test(name)) fs.copyFileSync(path.join(first, name), path.join(data, name));
    }
    const node = await Server.start({ set: this.settings, data });
    this.nodes.push(node);
    return node;
  }

  node(index) {
    return this.nodes[index % this.nodes.length];
  }
  /** A running node other than this one. */
  otherThan(index) {
    for (let step = 1; step < this.nodes.length; step += 1) {
      const other = (index + step) % this.nodes.length;
      if (this.nodes[other].isAlive() && !this.nodes[other].paused) return other;
    }
    return index;
  }

  async kill(index) {
    await this.node(index).kill();
  }
  async boot(index) {
    await this.node(index).boot();
  }
  async restart(index) {
    await this.node(index).restart();
  }
  pause(index) {
    this.node(index).child.kill('SIGSTOP');
    this.node(index).paused = true;
  }
  resume(index) {
    this.node(index).child.kill('SIGCONT');
    this.node(index).paused = false;
  }

  /** A way to node `index` that may lead to another node later, as a load balancer's does: a user of it has one url for ever. */
  async front(index) {
    const front = await Proxy.start(() => this.node(front.to).port);
    front.to = index;
    this.fronts.push(front);
    return front;
  }
  /** All ways to this node lead elsewhere from now on. Connections that still hold are cut, as a load balancer does. */
  moveAway(index) {
    const to = this.otherThan(index);
    for (const front of this.fronts) {
      if (front.to !== index) continue;
      front.to = to;
      front.cut();
    }
  }
  /** Each way leads to its own node again; those whose node changes are cut. */
  spread() {
    this.fronts.forEach((front, index) => {
      const to = index % this.nodes.length;
      if (front.to === to) return;
      front.to = to;
      front.cut();
    });
  }

  /** Whatever happened, all run again, and every node says that it can serve. */
  async heal() {
    await this.mongodb.heal();
    await this.redis.heal();
    for (const [index, node] of this.nodes.entries()) {
      if (node.paused) this.resume(index);
      if (!node.isAlive()) await node.boot();
      await until(async () => (await fetch(`${node.url}/readyz`).catch(() => ({}))).status === 200, `node ${index} to be ready`, kReadyMs);
    }
  }

  /** Nodes end by SIGTERM with status 0, unless a test has already failed: then anyhow. */
  async stop() {
    const statuses = await Promise.all(this.nodes.filter((node) => node.isAlive()).map((node) => node.stop()));
    assert.ok(statuses.every((status) => status === 0), `the nodes ended with ${statuses}`);
  }
  async dispose() {
    for (const node of this.nodes) await node.dispose();
    await this.redis?.dispose();
    await this.mongodb?.dispose();
    fs.rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}

/** For the options of a test: why it is skipped here, or false. */
const skip = () => Cluster.missing() ?? false;

module.exports = { Cluster, skip, temporaryFolder };
