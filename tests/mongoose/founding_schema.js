'use strict';
// The models of an application that was built from the founding document: its fields, its types, its index, nothing of ours.

const { Schema } = require('mongoose');

const { ObjectId } = Schema.Types;

function models(connection) {
  const user = new Schema({
    username: { type: String, required: true },
    email: { type: String, required: true },
    password: { type: String, required: true },
    isOnline: { type: Boolean, required: true },
    lastSeen: Date,
    friends: [{ type: ObjectId, ref: 'User' }],
  });
  const message = new Schema({
    sender: { type: ObjectId, ref: 'User', required: true },
    recipient: { type: ObjectId, ref: 'User', required: true },
    content: { type: String, required: true },
    timestamp: { type: Date, required: true },
    status: { type: String, enum: ['sent', 'delivered', 'read'], required: true },
    readAt: Date,
  });
  message.index({ recipient: 1, status: 1, timestamp: 1 });
  return { User: connection.model('User', user), Message: connection.model('Message', message) };
}

module.exports = { models };
