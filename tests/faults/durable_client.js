'use strict';
// A client that survives: what it sends, what was acknowledged and what it received are fsynced to a file of its own
// before anything is answered. These files, outside the server, are the judge of every campaign.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { io, sleep } = require('../integration/harness');

/** Sends under way at a time; more than one, so that a break finds several with unknown outcome. */
const kWindow = 4;
const kAckTimeoutMs = 10_000;

class DurableClient {
  /** @param {object} options url, transports, resumes: give (epoch, position) at CONNECT, name: of its file */
  constructor(user, peer, folder, { url, transports, resumes, batch = false, name = user.username }) {
    this.user = user;
    this.peer = peer;
    this.resumes = resumes;
    this.name = name;
    this.file = fs.openSync(path.join(folder, `${name}.log`), 'a');
    this.toSend = [];           // {clientId, content}, in order, not acknowledged
    this.underway = 0;
    this.generation = 0;
    this.wrote = new Map();     // clientId -> content
    this.acked = new Map();     // clientId -> {_id, seq}
    this.shown = new Map();     // _id -> {seq, content}, in the order of showing
    this.lastShown = 0;         // its number
    this.storedSeqs = new Set();
    this.markedRead = 0;
    this.waits = [];            // milliseconds from the first try to the acknowledgement
    this.rawRepeats = 0;
    this.duplicateAnswers = 0;
    this.connects = 0;
    this.resets = 0;
    this.faults = [];           // broken promises, reported at the end
    this.epoch = undefined;
    this.position = undefined;
    this.other = undefined;     // the durable client of the peer
    const auth = (give) => give({
      token: user.token, ...(batch ? { batch: true } : {}),
      ...(this.resumes && this.position !== undefined ? { epoch: this.epoch, position: this.position } : {}),
    });
    this.socket = io(url, { transports, forceNew: true, autoConnect: false, auth, reconnectionDelay: 20, reconnectionDelayMax: 200, timeout: 5000 });
    this.listen();
  }

  note(...fields) {
    fs.writeSync(this.file, `${JSON.stringify(fields)}\n`);
    fs.fsyncSync(this.file);
  }
  fault(text) {
    this.faults.push(`${this.name}: ${text}`);
  }

  listen() {
    this.socket.on('ready', (ready) => {
      this.connects += 1;
      this.generation += 1;
      this.underway = 0;
      if (ready.reset) {
        this.resets += 1;
        if (this.resumes) this.fault(`reset at ${JSON.stringify(ready)} for position ${this.position} of ${this.epoch}`);
      }
      if (this.resumes && this.position !== undefined && !ready.recovered && !ready.reset) this.fault('neither recovered nor reset');
      this.epoch = ready.epoch;
      this.pump();
    });
    this.socket.on('disconnect', (reason) => {
      this.generation += 1;
      this.underway = 0;
      if (reason === 'io server disconnect') this.fault('told to stay away');
    });
    this.socket.on('connect_error', (error) => {
      if (error.data) this.refusedConnect(error.data);
    });
    this.socket.on('receive_message', (message, stored) => {
      this.receive(message);
      stored({ ok: true });
    });
    this.socket.on('receive_batch', ({ entries, to }, stored) => {
      for (const entry of entries) if (entry.kind === 'message') this.receive(entry.data);
      for (const entry of entries) if (entry.kind === 'status') this.receipt(entry.data);
      this.keepPosition(to);
      stored({ ok: true });
    });
    this.socket.on('message_status', (event, stored) => {
      this.receipt(event);
      if (stored) stored();
    });
  }

  refusedConnect(reason) {
    this.fault(`refused: ${JSON.stringify(reason)}`);
  }

  receive(message) {
    const known = this.shown.get(message._id);
    if (known) {
      this.rawRepeats += 1;
      if (known.seq !== message.seq || known.content !== message.content) this.fault(`a repeat of ${message._id} differs`);
    } else {
      this.note('received', message._id, message.seq, message.content, message.position);
      if (message.seq <= this.lastShown) this.fault(`number ${message.seq} after ${this.lastShown}`);
      this.lastShown = message.seq;
      this.shown.set(message._id, { seq: message.seq, content: message.content });
      this.storedSeqs.add(message.seq);
    }
    this.keepPosition(message.position);
  }
  keepPosition(position) {
    if (position !== undefined && (this.position === undefined || position > this.position)) this.position = position;
  }

  receipt(event) {
    const { status, upTo } = event;
    if (status === 'failed') return this.fault(`failed: ${JSON.stringify(event)}`);
    for (const [clientId, { seq }] of this.acked) {
      if (seq <= upTo && !this.isStoredByPeer(seq)) this.fault(`${status} up to ${upTo} but ${clientId} (${seq}) was not stored by the peer`);
    }
    if (status === 'read' && upTo > this.readByPeer()) this.fault(`read up to ${upTo}, the peer had read up to ${this.readByPeer()}`);
    this.lastStatus = { ...this.lastStatus, [status]: Math.max(this.lastStatus?.[status] ?? 0, upTo) };
  }

  isStoredByPeer(seq) {
    return this.other.storedSeqs.has(seq);
  }
  readByPeer() {
    return this.other.markedRead;
  }

  write(clientId, content) {
    this.note('wrote', clientId, content);
    this.wrote.set(clientId, content);
    this.toSend.push({ clientId, content });
    this.pump();
  }
  markRead() {
    const top = Math.max(0, ...this.storedSeqs);
    if (top === 0 || !this.socket.connected) return;
    this.markedRead = Math.max(this.markedRead, top);
    this.socket.emit('mark_read', { peer: this.peer.id, upTo: top });
  }

  pump() {
    while (this.socket.connected && this.underway < kWindow && this.underway < this.toSend.length) {
      const entry = this.toSend[this.underway];
      const generation = this.generation;
      entry.since ??= performance.now();
      this.underway += 1;
      this.socket.timeout(kAckTimeoutMs).emit('send_message', { recipient: this.peer.id, clientId: entry.clientId, content: entry.content }, (error, answer) => {
        if (generation !== this.generation) return;
        if (error) {
          // No answer although connected: everything under way has an unknown outcome.
          this.generation += 1;
          this.underway = 0;
        } else if (answer.ok) {
          this.accepted(entry, answer);
        } else {
          this.refusedSend(entry, answer.error);
        }
        this.pump();
      });
    }
  }
  accepted({ clientId, since }, { message, duplicate }) {
    this.waits.push(performance.now() - since);
    this.note('acked', clientId, message._id, message.seq);
    if (duplicate) this.duplicateAnswers += 1;
    this.acked.set(clientId, { _id: message._id, seq: message.seq });
    const index = this.toSend.findIndex((each) => each.clientId === clientId);
    if (index >= 0) {
      this.toSend.splice(index, 1);
      this.underway -= 1;
    }
  }
  refusedSend({ clientId }, error) {
    if (!['retry', 'overloaded'].includes(error.code)) return this.fault(`send ${clientId} refused: ${JSON.stringify(error)}`);
    // Held back with everything behind it: begin again with the first one, a little later.
    this.generation += 1;
    const { generation } = this;
    void sleep(100).then(() => {
      if (generation !== this.generation) return;
      this.underway = 0;
      this.pump();
    });
  }

  open() {
    this.socket.connect();
    return this;
  }
  close() {
    this.socket.disconnect();
    fs.closeSync(this.file);
  }
}

/** Reads a client's file again: the memory of this process is no witness. */
function readLog(folder, name) {
  const lines = fs.readFileSync(path.join(folder, `${name}.log`), 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const of = (kind) => lines.filter(([name]) => name === kind).map(([, ...rest]) => rest);
  return { wrote: of('wrote'), acked: of('acked'), received: of('received') };
}

/** Every promise, judged by the files. Returns the counts for the report. */
function judge(folder, clients) {
  const totals = { written: 0, acked: 0, received: 0, repeats: 0, duplicateAnswers: 0, connects: 0 };
  const broken = clients.flatMap((client) => client.faults);
  for (const client of clients) {
    const mine = readLog(folder, client.name);
    const theirs = readLog(folder, client.other.name);
    const name = `${client.user.username} -> ${client.peer.username}`;
    const receivedIds = theirs.received.map(([id]) => id);
    const received = new Set(receivedIds);
    const lost = mine.acked.filter(([, id]) => !received.has(id));
    if (lost.length) broken.push(`${name}: ${lost.length} acked messages lost, first ${lost[0]}`);
    if (received.size !== receivedIds.length) broken.push(`${name}: ${receivedIds.length - received.size} shown twice`);
    const contents = theirs.received.map(([, , content]) => content);
    const expected = mine.wrote.map(([, content]) => content);
    const inverted = contents.findIndex((content, index) => content !== expected[index]);
    if (inverted >= 0) broken.push(`${name}: at ${inverted} shown "${contents[inverted]}", written "${expected[inverted]}"`);
    if (contents.length !== expected.length) broken.push(`${name}: ${expected.length} written, ${contents.length} shown`);
    const numbers = new Map(theirs.received.map(([id, seq]) => [id, seq]));
    for (const [clientId, id, seq] of mine.acked) if (numbers.has(id) && numbers.get(id) !== seq) broken.push(`${name}: ${clientId} has two numbers`);
    totals.written += expected.length;
    totals.acked += mine.acked.length;
    totals.received += contents.length;
    totals.repeats += client.rawRepeats;
    totals.duplicateAnswers += client.duplicateAnswers;
    totals.connects += client.connects;
  }
  assert.deepEqual(broken.slice(0, 20), [], `${broken.length} broken promises`);
  return totals;
}

module.exports = { DurableClient, judge, readLog };
