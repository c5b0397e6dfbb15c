'use strict';
// Twenty who write and twenty who read, two devices each, spread over the nodes so that every message crosses nodes.

const fs = require('node:fs');
const { kTransports, sleep, until } = require('../integration/harness');
const { temporaryFolder } = require('./cluster');
const { Device } = require('./device');
const { judgePair } = require('./oracle');

const kPairs = 20;
/** Two ways to each node: what cuts one leaves the other. */
const kFrontsPerNode = 2;
const kArriveMs = 60_000;
/** Access tokens live for a quarter of an hour. */
const kRenewAfterMs = 300_000;
const kSettleMs = 180_000;
/** Between two messages of the crowd; what is not acknowledged yet slows it down. */
const kWriteEveryMs = 20;
const kMostUnanswered = 12;

class Crowd {
  static async gather(cluster, random) {
    const crowd = new Crowd();
    crowd.cluster = cluster;
    crowd.random = random;
    crowd.folder = temporaryFolder('oracle');
    crowd.written = 0;
    crowd.pairs = [];
    const fronts = [];
    for (let index = 0; index < kFrontsPerNode * cluster.nodes.length; index += 1) fronts.push(await cluster.front(index % cluster.nodes.length));
    for (let index = 0; index < kPairs; index += 1) crowd.pairs.push(await crowd.pair(index, fronts));
    for (const device of crowd.devices) device.open();
    await until(() => crowd.devices.every((device) => device.connects > 0), 'everybody to arrive', kArriveMs);
    return crowd;
  }

  async pair(index, fronts) {
    const { cluster } = this;
    const [sender, receiver] = await cluster.node(index).friends('anna', 'bert');
    const logins = [sender, await cluster.node(index + 1).logIn(sender, 'second'), receiver, await cluster.node(index + 2).logIn(receiver, 'second')];
    const kinds = Object.values(kTransports);
    const [a, b, c, d] = logins.map((user, which) => new Device(user, which < 2 ? receiver : sender, this.folder, {
      ...kinds[(index + which) % kinds.length], url: fronts[(index + which + (which === 3 ? 1 : 0)) % fronts.length].url,
      name: `${user.username}.${which % 2}`, resumes: (index + which) % 2 === 0, batch: (index + which) % 4 === 2,
    }));
    const pair = { senders: [a, b], receivers: [c, d], sender, receiver };
    for (const device of pair.senders) device.peers = pair.receivers;
    for (const device of pair.receivers) device.peers = pair.senders;
    return pair;
  }

  get devices() {
    return this.pairs.flatMap(({ senders, receivers }) => [...senders, ...receivers]);
  }
  get senders() {
    return this.pairs.flatMap((pair) => pair.senders);
  }
  get acked() {
    return this.senders.reduce((sum, device) => sum + device.acked.size, 0);
  }
  refusals() {
    return this.devices.flatMap((device) => device.refusals.map((each) => ({ ...each, name: device.name })));
  }

  /** How long each acknowledgement took that came since the last call, in milliseconds. */
  takeWaits() {
    return this.senders.flatMap((device) => device.waits.splice(0));
  }

  /** Somebody writes every `everyMs` milliseconds, and somebody reads now and then, until `stop()`. */
  work(everyMs = kWriteEveryMs) {
    const { random } = this;
    let working = true;
    const over = (async () => {
      while (working) {
        const pair = this.pairs[random.below(this.pairs.length)];
        const device = pair.senders[random.below(2)];
        if (device.toSend.length < kMostUnanswered) device.write(`c${this.written}`, `message ${(this.written += 1)} of ${device.name}`);
        if (random.below(20) === 0) pair.receivers[random.below(2)].markRead();
        await sleep(everyMs);
      }
    })();
    return { stop: () => ((working = false), over) };
  }
  /** Until `count` more messages are acknowledged. */
  progress(count, what = `${count} more acknowledgements`) {
    const goal = this.acked + count;
    return until(() => this.acked >= goal, what, kArriveMs);
  }

  /** Everybody has every answer and every message, and has marked something as read. */
  async settle() {
    const missing = () => this.pairs.flatMap(({ senders, receivers }) => {
      const all = senders.reduce((sum, device) => sum + device.wrote.size, 0);
      return [
        ...senders.filter((device, index) => device.toSend.length > 0 || device.shown.size < senders[1 - index].wrote.size),
        ...receivers.filter((device) => device.shown.size < all),
      ].map((device) => `${device.name} ${device.socket.connected ? '' : '(away) '}has ${device.toSend.length} to send and ${device.shown.size} of ${all}`);
    });
    const faults = () => this.devices.flatMap((device) => device.faults);
    await until(() => missing().length === 0 || faults().length > 0, 'everything to arrive', kSettleMs).catch((error) => {
      throw new Error(`${error.message}: ${missing().slice(0, 5).join('; ')}`);
    });
    // A broken promise does not mend by waiting.
    if (faults().length > 0) throw new Error(`${faults().length} broken promises: ${faults().slice(0, 5).join('; ')}`);
    for (const device of this.devices) if (Date.now() - device.renewed > kRenewAfterMs) await device.renew();
    // Every other pair has read everything, the others what they had marked on the way.
    await Promise.all(this.pairs.map(({ receivers }, index) => {
      const marked = Math.max(...receivers.map((device) => device.markedRead));
      const upTo = index % 2 === 0 ? receivers[0].lastShown : marked;
      return upTo > 0 ? receivers[index % 2].markReadSurely(upTo) : undefined;
    }));
  }

  /** Every promise, judged by the files of the clients; the counts. */
  async judge() {
    const totals = { written: 0, shown: 0, repeats: 0, duplicateAnswers: 0, connects: 0, refusals: this.refusals().length };
    const broken = this.devices.flatMap((device) => device.faults);
    for (const [index, pair] of this.pairs.entries()) broken.push(...await judgePair(this.folder, pair, this.cluster.node(index), totals));
    for (const device of this.devices) {
      totals.repeats += device.rawRepeats;
      totals.duplicateAnswers += device.duplicateAnswers;
      totals.connects += device.connects;
    }
    return { broken, totals };
  }

  end() {
    for (const device of this.devices) device.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

module.exports = { Crowd };
