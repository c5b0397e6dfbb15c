'use strict';
// One device of a user: a durable client (tests/faults) that knows that its user and its peer have several.

const { scale, sleep } = require('../integration/harness');
const { DurableClient } = require('../faults/durable_client');

const kConnectAgainMs = 200;
const kMarkMs = 5_000;
const kMarkWaitMs = 120_000;

class Device extends DurableClient {
  /** @param {object} options as of a durable client */
  constructor(user, peer, folder, options) {
    super(user, peer, folder, options);
    this.url = options.url;
    this.renewed = Date.now();
    this.peers = [];      // the devices of the peer
    this.refusals = [];   // { at, code, what }: what the server did not want to do now
    this.closed = false;
  }

  receive(message) {
    // A client that goes by (epoch, position) alone takes what lies at or below its position for a repeat, and drops it.
    const isRepeat = this.position !== undefined && message.position <= this.position;
    if (isRepeat && !this.shown.has(message._id)) this.fault(`${message._id} is new at position ${message.position}, but ${this.position} was there before`);
    super.receive(message);
  }
  isStoredByPeer(seq) {
    return this.peers.some((device) => device.storedSeqs.has(seq));
  }
  readByPeer() {
    return Math.max(...this.peers.map((device) => device.markedRead));
  }

  refusedSend(entry, error) {
    this.refusals.push({ at: Date.now(), what: 'send', code: error.code });
    super.refusedSend(entry, error);
  }
  /** The original client does not come back by itself after a refusal. */
  refusedConnect(reason) {
    this.refusals.push({ at: Date.now(), what: 'connect', code: reason.code });
    const isExpired = reason.reason === 'expired';
    if (!isExpired && !['retry', 'overloaded'].includes(reason.code)) return super.refusedConnect(reason);
    void sleep(reason.retryAfter ? reason.retryAfter * 1000 : kConnectAgainMs).then(async () => {
      if (isExpired) await this.renew().catch(() => {}); // else the next refusal asks for it again
      if (!this.closed) this.socket.connect();
    });
    return undefined;
  }
  /** A fresh access token, from the node to which the way of this device leads now. */
  async renew() {
    const body = JSON.stringify({ refreshToken: this.user.refreshToken });
    const answer = await fetch(`${this.url}/api/v1/refresh`, { method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, body });
    if (answer.status !== 200) throw new Error(`a refresh of ${this.name} answered ${answer.status}`);
    const { accessToken, refreshToken } = await answer.json();
    Object.assign(this.user, { token: accessToken, refreshToken });
    this.renewed = Date.now();
  }

  /** Marks everything up to this number as read and does not rest before the server has said that it knows. */
  async markReadSurely(upTo) {
    this.markedRead = Math.max(this.markedRead, upTo);
    const end = Date.now() + scale(kMarkWaitMs);
    for (;;) {
      const answer = await this.socket.timeout(kMarkMs).emitWithAck('mark_read', { peer: this.peer.id, upTo }).catch(() => undefined);
      if (answer?.ok) return;
      if (Date.now() > end) throw new Error(`${this.name} cannot mark ${upTo} as read: ${JSON.stringify(answer)}`);
      await sleep(kConnectAgainMs);
    }
  }

  close() {
    this.closed = true;
    super.close();
  }
}

module.exports = { Device };
