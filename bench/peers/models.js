'use strict';
// The founding document's schemas and its index.

const mongoose = require('mongoose');

const { Schema } = mongoose;
const { ObjectId } = Schema.Types;
const kOptions = { versionKey: false, autoIndex: false };

const userSchema = new Schema({
  username: { type: String, required: true },
  email: { type: String, required: true },
  password: { type: String, required: true },
  isOnline: { type: Boolean, default: false },
  lastSeen: Date,
  friends: [{ type: ObjectId, ref: 'User' }],
}, kOptions);

const messageSchema = new Schema({
  sender: { type: ObjectId, ref: 'User', required: true },
  recipient: { type: ObjectId, ref: 'User', required: true },
  content: { type: String, required: true },
  timestamp: { type: Date, required: true },
  status: { type: String, enum: ['sent', 'delivered', 'read'], required: true },
  readAt: Date,
}, kOptions);
messageSchema.index({ recipient: 1, status: 1, timestamp: 1 });

// More connections make the server slower on a machine that it shares, fewer make them wait; README.md says how it was chosen.
const kPool = Number(process.env.PEER_POOL || 20);

/** One connection pool to the database, filled from the start; every write is journaled by a majority before it counts, as in the server that this is compared with. */
async function connect(uri) {
  await mongoose.connect(uri, { minPoolSize: kPool, maxPoolSize: kPool, writeConcern: { w: 'majority', journal: true } });
  return { User: mongoose.model('User', userSchema), Message: mongoose.model('Message', messageSchema), close: () => mongoose.disconnect() };
}

module.exports = { connect };
