'use strict';
// Three members of MongoDB, of which any may be killed, stopped and started again.

const fs = require('node:fs');
const path = require('node:path');
const { until } = require('../integration/harness');
const { MongoDb, kSet } = require('../integration/mongodb');

const kElectionMs = 60_000; // a loaded machine, not a limit
/** Only a member that was primary for a moment can be asked to step down; longer than any of our clients waits for a server. */
const kStepDownSeconds = 10;

/** Files in which a search finds what was written, were it written. */
const kSearchable = ['--wiredTigerCollectionBlockCompressor', 'none', '--wiredTigerJournalCompressor', 'none', '--wiredTigerIndexPrefixCompression', 'false'];

class ReplicaSet {
  static async start({ members = 3, searchable = false } = {}) {
    const set = new ReplicaSet();
    set.members = [];
    try {
      for (let index = 0; index < members; index += 1) set.members.push(await MongoDb.member(searchable ? kSearchable : []));
      const hosts = set.members.map((member) => `127.0.0.1:${member.port}`);
      set.uri = `mongodb://${hosts.join(',')}/restante?replicaSet=${kSet}&heartbeatFrequencyMS=500`;
      await set.members[0].command('admin', { replSetInitiate: {
        _id: kSet, members: hosts.map((host, index) => ({ _id: index, host })),
        settings: { electionTimeoutMillis: 2000, heartbeatIntervalMillis: 500 },
      } });
      await set.settled();
    } catch (error) {
      await set.dispose();
      throw error;
    }
    return set;
  }

  settings() {
    return { 'storage.engine': 'mongodb', 'storage.mongodb_uri': this.uri };
  }

  /** The member that takes writes, or undefined. */
  async primary() {
    for (const member of this.members) {
      const hello = await member.command('admin', { hello: 1 }).catch(() => undefined);
      if (hello?.isWritablePrimary) return member;
    }
    return undefined;
  }
  /** Until there is a primary. */
  elected() {
    return until(() => this.primary(), 'a primary', kElectionMs);
  }
  /** Until there is a primary and all others follow it. */
  async settled() {
    await until(async () => {
      const hellos = await Promise.all(this.members.map((member) => member.command('admin', { hello: 1 }).catch(() => ({}))));
      return hellos.filter((each) => each.isWritablePrimary).length === 1 && hellos.filter((each) => each.secondary).length === this.members.length - 1;
    }, 'a primary and its followers', kElectionMs);
  }

  async stepDown() {
    const primary = await this.elected();
    await primary.command('admin', { replSetStepDown: kStepDownSeconds, secondaryCatchUpPeriodSecs: 5 });
    await until(async () => (await this.primary()) !== primary, 'another primary', kElectionMs);
  }
  /** Gives the member that died. */
  async killPrimary() {
    const primary = await this.elected();
    await primary.kill();
    return primary;
  }
  /** Two of three are gone: killed, or stopped as they are. Gives what brings them back. */
  async loseMajority({ kill = true } = {}) {
    const primary = await this.elected();
    const others = this.members.filter((member) => member !== primary).slice(0, Math.ceil(this.members.length / 2));
    for (const member of others) {
      if (kill) await member.kill();
      else member.freeze();
    }
    return async () => {
      for (const member of others) {
        if (kill) await member.spawnProgram();
        else member.resume();
      }
      await this.settled();
    };
  }
  /** Everybody runs again. */
  async heal() {
    for (const member of this.members) {
      if (member.isRunning()) member.resume();
      else await member.spawnProgram();
    }
    await this.settled();
  }

  /** What is written is in the files, not only in memory. */
  async flush() {
    for (const member of this.members) await member.command('admin', { fsync: 1 });
  }
  *files() {
    for (const member of this.members) {
      for (const entry of fs.readdirSync(member.folder, { withFileTypes: true, recursive: true })) {
        if (entry.isFile()) yield path.join(entry.path, entry.name);
      }
    }
  }

  async dispose() {
    for (const member of this.members) await member.dispose();
  }
}

module.exports = { ReplicaSet };
