'use strict';
// Users in pairs of friends, and a token for each: node seed.js COUNT TOKENS. Environment: MONGODB_URI, JWT_SECRET. The file of tokens
// has the form that `restante seed` writes and the load generator reads.

const fs = require('node:fs');
const jwt = require('jsonwebtoken');
const { Types: { ObjectId } } = require('mongoose');
const { connect } = require('./models');

async function main(count, file) {
  const { User, Message, close } = await connect(process.env.MONGODB_URI);
  const ids = Array.from({ length: count }, () => new ObjectId());
  await User.insertMany(ids.map((_id, index) => ({
    _id, username: `user${index}`, email: `user${index}@example.org`, password: '-', lastSeen: new Date(), friends: [ids[index ^ 1]],
  })));
  await Message.createIndexes();
  const token = (_id) => jwt.sign({}, process.env.JWT_SECRET, { subject: String(_id), expiresIn: '1d' });
  fs.writeFileSync(file, ids.map((_id) => `${JSON.stringify({ userId: String(_id), token: token(_id) })}\n`).join(''));
  await close();
}

main(Number(process.argv[2]), process.argv[3]).catch((error) => {
  console.error(error);
  process.exit(1);
});
