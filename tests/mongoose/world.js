'use strict';
// A server on a MongoDB replica set of one, and people who have written to each other until messages are in every state. What
// the original clients were told is kept, to be compared with what the database says.
//
//   RESTANTE_MONGOOSE_MESSAGES   how many messages (default 2000)

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { Client, Server, cleanUp } = require('../integration/harness');
const { MongoDb } = require('../integration/mongodb');
const { ReplicaSet } = require('../cluster/replica_set');

const kMessages = Number(process.env.RESTANTE_MONGOOSE_MESSAGES || 2000);
const kPairs = 10;
const kWindow = 50; // sends of one author under way
/** A limit for what hangs: many times what a loaded machine takes for as many messages. */
const kStateMs = 60_000 + kMessages * 20;
const kLimitsOff = { 'limits.bytes_per_second': 0, 'limits.events_per_second': 0 };

const kCanary = `CANARY-${randomBytes(8).toString('hex')}-canary`;
const kFlavours = ['plain text', 'Grüße, 你好, 👩‍👩‍👧‍👦 \u202eright to left', '{"json": "\\"quoted\\""}\n\ttab', 'x'.repeat(3000), 'quotes \'" and \\', ''];
const textOf = (number) => `${kCanary} ${number} ${kFlavours[number % kFlavours.length]}`;

/** One conversation: `author` writes most, `reader` answers now and then, and leaves before the end. */
class Pair {
  constructor(author, reader) {
    Object.assign(this, { author, reader, sent: [] });
  }

  async connect(server) {
    this.authors = await Client.connect(server, this.author);
    this.readers = await Client.connect(server, this.reader);
  }

  /** Sends, a window at a time, and keeps each answer with what was sent. */
  async write(from, to, texts) {
    const own = to === this.reader ? this.authors : this.readers;
    for (let start = 0; start < texts.length; start += kWindow) {
      const answers = await Promise.all(texts.slice(start, start + kWindow).map(async (content) => ({ content, ...(await own.send(to, content, clientId())) })));
      for (const { content, ok, message, ...rest } of answers) {
        assert.ok(ok, `send_message answered ${JSON.stringify(rest)}`);
        this.sent.push({ ...message, content, own });
      }
    }
  }

  /** Sent, delivered and read, in both directions. */
  async fill(server, texts) {
    await this.connect(server);
    const { author, reader } = this;
    const [forward, back, pending] = [texts.slice(0, texts.length / 2), texts.slice(texts.length / 2, texts.length * 0.6), texts.slice(texts.length * 0.6)];
    await this.write(author, reader, forward);
    await this.write(reader, author, back);
    await this.readers.received(forward.length, kStateMs);
    await this.authors.received(back.length, kStateMs);
    await covered(this.authors, 'delivered', this.last(this.authors));
    await covered(this.readers, 'delivered', this.last(this.readers));
    await this.read(this.readers, author, this.own(this.authors)[Math.floor(forward.length / 2)].seq);
    await this.read(this.authors, reader, this.own(this.readers)[Math.floor(back.length / 2)].seq);
    this.readers.close();
    await this.write(author, reader, pending);
  }

  own(client) {
    return this.sent.filter((message) => message.own === client);
  }
  last(client) {
    return this.own(client).at(-1).seq;
  }
  async read(client, peer, upTo) {
    assert.deepEqual(await client.request('mark_read', { peer: peer.id, upTo }), { ok: true });
    await covered(client === this.readers ? this.authors : this.readers, 'read', upTo);
  }

  /** Every message of both, with the state that its author was told. */
  told() {
    return this.sent.map(({ own, ...message }) => {
      const ticks = own.all('message_status').filter(({ upTo }) => message.seq <= upTo);
      const read = ticks.find(({ status }) => status === 'read');
      return { ...message, status: read ? 'read' : ticks.length > 0 ? 'delivered' : 'sent', readAt: read?.timestamp };
    });
  }
}

const clientId = () => randomBytes(8).toString('hex');
const covered = (client, status, upTo) => client.event('message_status', (event) => event.status === status && event.upTo >= upTo, kStateMs);

class World {
  static missing() {
    return MongoDb.missing();
  }

  static async start() {
    const world = new World();
    world.mongodb = await ReplicaSet.start({ members: 1, searchable: true });
    try {
      world.server = await Server.start({ set: { ...world.mongodb.settings(), ...kLimitsOff } });
      world.pairs = [];
      for (let index = 0; index < kPairs; index += 1) world.pairs.push(new Pair(...(await world.server.friends())));
      const texts = Array.from({ length: kMessages }, (_, number) => textOf(number));
      const share = kMessages / kPairs;
      await Promise.all(world.pairs.map((pair, index) => pair.fill(world.server, texts.slice(index * share, (index + 1) * share))));
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }
  /** id -> message as its author knows it. */
  told() {
    return new Map(this.pairs.flatMap((pair) => pair.told()).map((message) => [message._id, message]));
  }
  async close() {
    await cleanUp(this.server);
    await this.mongodb.dispose();
  }
}

module.exports = { World, kCanary, kMessages };
