'use strict';
// An existing Node.js application with Mongoose and the founding schema, on the database that a server writes.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, describe, test } = require('node:test');
const mongoose = require('mongoose');
const { Client, until } = require('../integration/harness');
const { models } = require('./founding_schema');
const { World, kCanary, kMessages } = require('./world');

const { ObjectId } = mongoose.Types;
const kFoundingIndex = { recipient: 1, status: 1, timestamp: 1 };
const kFoundingIndexName = 'recipient_1_status_1_timestamp_1';

describe('a Mongoose application', { skip: World.missing() ?? false }, () => {
  let world, told, connection, User, Message;
  before(async () => {
    world = await World.start();
    told = world.told();
    connection = await mongoose.createConnection(world.mongodb.uri).asPromise();
    ({ User, Message } = models(connection));
  });
  after(async () => {
    await connection?.close();
    await world?.close();
  });

  test('counts what was sent, in every state that the clients were told', async () => {
    const count = (status) => [...told.values()].filter((message) => message.status === status).length;
    assert.equal(told.size, kMessages);
    assert.equal(await Message.countDocuments(), kMessages);
    for (const status of ['sent', 'delivered', 'read']) {
      assert.ok(count(status) > 0, `the clients saw messages that are ${status}`);
      assert.equal(await Message.countDocuments({ status }), count(status), status);
    }
  });

  test('finds in each message what its author was told, in the types of the founding schema', async () => {
    let seen = 0;
    for await (const row of Message.find().lean().cursor()) {
      for (const field of ['_id', 'sender', 'recipient']) assert.ok(row[field] instanceof ObjectId, field);
      for (const field of ['timestamp', ...(row.readAt === undefined ? [] : ['readAt'])]) assert.ok(row[field] instanceof Date, field);
      assert.equal(typeof row.content, 'string');
      const known = told.get(String(row._id));
      const { sender, recipient, timestamp, status, readAt } = known ?? assert.fail(`nobody sent ${row._id}`);
      assert.deepEqual([String(row.sender), String(row.recipient), row.timestamp.toISOString(), row.status, row.readAt?.toISOString()],
        [sender, recipient, timestamp, status, readAt]);
      seen += 1;
    }
    assert.equal(seen, kMessages);
  });

  test('validates every document against the founding schema', async () => {
    for (const user of await User.find()) await user.validate();
    for await (const message of Message.find().cursor()) await message.validate();
  });

  test('finds the users, who has whom as a friend, and follows references', async () => {
    for (const { author, reader } of world.pairs) {
      const user = await User.findOne({ username: author.username }).populate('friends');
      assert.deepEqual([user.id, user.email, user.friends.map((friend) => friend.username)], [author.id, author.email, [reader.username]]);
      assert.match(user.password, /^\$argon2id\$/);
      assert.ok(await User.exists({ _id: reader.id, friends: author.id }), 'the founding check of who may write to whom');
      const stranger = world.pairs.find((pair) => pair.author !== author).author;
      assert.equal(await User.exists({ _id: reader.id, friends: stranger.id }), null);
      const message = await Message.findOne({ sender: author.id }).populate('sender recipient');
      assert.deepEqual([message.sender.username, message.recipient.username], [author.username, reader.username]);
    }
    const raw = await User.findOne().lean();
    assert.deepEqual([typeof raw.isOnline, raw.lastSeen instanceof Date, raw.friends[0] instanceof ObjectId], ['boolean', true, true]);
  });

  test('gets what is pending for a user, oldest first, from the founding index alone', async () => {
    for (const { reader } of world.pairs) {
      const pending = [...told.values()].filter((message) => message.recipient === reader.id && message.status === 'sent');
      const query = () => Message.find({ recipient: reader.id, status: 'sent' }).sort({ timestamp: 1 });
      assert.deepEqual((await query().lean()).map(({ _id }) => String(_id)), pending.sort((a, b) => a.seq - b.seq).map(({ _id }) => _id));
      const { queryPlanner: { winningPlan }, executionStats } = await query().explain('executionStats');
      const plan = winningPlan.queryPlan ?? winningPlan;
      assert.deepEqual([plan.stage, plan.inputStage.stage, plan.inputStage.keyPattern], ['FETCH', 'IXSCAN', kFoundingIndex]);
      assert.deepEqual([executionStats.nReturned, executionStats.totalKeysExamined, executionStats.totalDocsExamined],
        [pending.length, pending.length, pending.length]);
    }
  });

  test('may declare the founding index itself: it is there already', async (t) => {
    const { key } = (await Message.collection.indexes()).find(({ name }) => name === kFoundingIndexName) ?? {};
    if (!key) return t.skip('the server gives the index another name than MongoDB and Mongoose do, so createIndex refuses; declare it with that name');
    assert.deepEqual(key, kFoundingIndex);
    await Message.init();
    const { toDrop, toCreate } = await Message.diffIndexes();
    assert.deepEqual(toCreate, []);
    assert.equal(toDrop.some((name) => name.startsWith('recipient')), false, 'nor is it in the way');
  });

  test('decrypts every content to what was sent, with the short reader of the documentation', async () => {
    const { ContentReader } = await import('../../docs/decrypt.mjs');
    const reader = new ContentReader(world.server.data, connection.collection('keys'));
    let read = 0;
    for await (const message of Message.find().cursor()) {
      assert.equal(await reader.read(message), told.get(message.id).content);
      read += 1;
    }
    assert.equal(read, kMessages);
    const [one, other] = await Message.find().limit(2);
    await assert.rejects(reader.read({ ...one.toObject(), recipient: one.sender }), 'of other people');
    await assert.rejects(reader.read({ ...one.toObject(), content: other.content }), 'another content');
  });

  test('watches a message being written and delivered', async () => {
    const { reader, authors } = world.pairs[0];
    const changes = [];
    const { operationTime } = await connection.db.command({ ping: 1 });
    const stream = Message.watch([], { fullDocument: 'updateLookup', startAtOperationTime: operationTime });
    stream.on('change', ({ operationType, documentKey, fullDocument }) => changes.push({ operationType, id: String(documentKey._id), status: fullDocument.status }));
    const { _id } = await authors.sent(reader, 'watched');
    await until(() => changes.some(({ id }) => id === _id), 'the insert');
    const back = await Client.connect(world.server, reader);
    await authors.event('message_status', ({ status, messageId }) => status === 'delivered' && messageId === _id);
    await until(() => changes.some((change) => change.id === _id && change.status === 'delivered'), 'the update');
    assert.deepEqual([...new Set(changes.filter(({ id }) => id === _id).map(({ operationType }) => operationType))], ['insert', 'update']);
    back.close();
    await stream.close();
  });

  test('finds no word of what was written in the files of the database', async () => {
    assert.equal(await world.server.stop(), 0);
    await world.mongodb.flush();
    const { username } = world.pairs[0].author;
    const forms = formsOf(kCanary);
    const found = { control: 0, canary: [] };
    for (const file of world.mongodb.files()) {
      search(file, (bytes) => {
        if (bytes.includes(username)) found.control += 1;
        if (forms.some((form) => bytes.includes(form))) found.canary.push(file);
      });
    }
    assert.ok(found.control > 0, 'a search finds what is written as it is');
    assert.deepEqual(found.canary, []);
  });
});

/** A text in the forms in which it could leak. */
function formsOf(text) {
  const forms = [text, Buffer.from(text).toString('hex'), Buffer.from(text, 'utf16le').toString('latin1')];
  // Base64 inside a longer text begins at one of three offsets.
  for (const pad of ['', 'x', 'xx']) forms.push(Buffer.from(pad + text).toString('base64').slice(4, -4));
  return forms.map((form) => Buffer.from(form, 'latin1'));
}

/** The database removes parts of its journal that it needs no more. */
function openUnlessGone(file) {
  try {
    return fs.openSync(file, 'r');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file in pieces that overlap, so that nothing hides between two. */
function search(file, look) {
  const piece = Buffer.alloc(16 * 1024 * 1024);
  const overlap = 1024;
  const descriptor = openUnlessGone(file);
  if (descriptor === undefined) return;
  try {
    for (let at = 0; ; at += piece.length - overlap) {
      const got = fs.readSync(descriptor, piece, 0, piece.length, at);
      look(piece.subarray(0, got));
      if (got < piece.length) return;
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
