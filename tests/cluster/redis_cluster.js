'use strict';
// A Redis Cluster of three masters and a replica of each, as `redis-cli --cluster create` makes it.

const { execFileSync } = require('node:child_process');
const { freePort, until } = require('../integration/harness');
const { Redis } = require('./redis');

const kMasters = 3;
const kNodeTimeoutMs = 3_000;
const kFormsWithinMs = 60_000;
const kWords = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(kNodeTimeoutMs), '--cluster-replica-validity-factor', '0',
  '--repl-diskless-sync-delay', '0'];
/** The nodes of a cluster talk to one another at their port and this many more. */
const kToBusPort = 10_000;

class RedisCluster {
  static async start() {
    const cluster = new RedisCluster();
    cluster.nodes = [];
    try {
      while (cluster.nodes.length < 2 * kMasters) cluster.nodes.push(await Redis.start({ words: kWords, port: await freePort(kToBusPort) }));
      const addresses = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
      execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'], { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const node of cluster.nodes) {
        await until(() => cluster.ask(node, 'CLUSTER', 'INFO').includes('cluster_state:ok'), 'the cluster', kFormsWithinMs);
        await until(() => /role:master\r\nconnected_slaves:1|master_link_status:up/.test(cluster.ask(node, 'INFO', 'replication')), 'the replicas', kFormsWithinMs);
      }
      cluster.uri = `redis+cluster://${addresses.slice(0, kMasters).join(',')}`;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  /** What this node says by itself, without a look at where a key lies. */
  ask(node, ...words) {
    return execFileSync('redis-cli', ['-p', String(node.port), ...words], { encoding: 'utf8' });
  }
  isMaster(node) {
    return this.ask(node, 'INFO', 'replication').includes('role:master');
  }
  /** Which of the nodes answers for a key. */
  ownerOf(key) {
    return this.nodes.find((node) => node.isUp() && this.isMaster(node) && /^\d+\n$/.test(this.ask(node, 'EXISTS', key)));
  }
  async heal() {
    for (const node of this.nodes) await node.heal();
    for (const node of this.nodes) await until(() => this.ask(node, 'CLUSTER', 'INFO').includes('cluster_state:ok'), 'the cluster', kFormsWithinMs);
  }
  async dispose() {
    for (const node of this.nodes) await node.dispose();
  }
}

module.exports = { RedisCluster };
