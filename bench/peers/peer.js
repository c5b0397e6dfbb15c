'use strict';
// The chat server of the founding document as one would write it from there: socket.io, Mongoose, ioredis, one process.
//
// Environment: PORT, MONGODB_URI, REDIS_URI, JWT_SECRET, MESSAGES_PER_MINUTE, CONTENT_KEY (64 hex digits).
//
// Added to the document: what the load generator needs in order to drive it (the events ready, drained and message_status, and numbers in each
// conversation: counted in memory, given to a live send when it arrives and to what was pending when it is drained), and the one repair without
// which "delivered" means nothing: a message is marked when the recipient's client has acknowledged it. Not added: idempotency, positions, several
// devices, order. They are what is compared.

const http = require('node:http');
const { createCipheriv, createDecipheriv, createSecretKey, randomBytes } = require('node:crypto');
const Redis = require('ioredis');
const jwt = require('jsonwebtoken');
const { Server } = require('socket.io');
const { connect } = require('./models');

const kPresenceSeconds = 86_400;
const kMaxContent = 8192;
const contentKey = Buffer.from(process.env.CONTENT_KEY, 'hex');
const tokenKey = createSecretKey(process.env.JWT_SECRET, 'utf8');
const messagesPerMinute = Number(process.env.MESSAGES_PER_MINUTE || 50);

function encrypt(text) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', contentKey, nonce);
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
}
function decrypt(content) {
  const bytes = Buffer.from(content, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', contentKey, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
}

/** Messages of each user in the present minute. */
class RateLimit {
  constructor(limit) {
    this.limit = limit;
    this.counts = new Map();
    setInterval(() => this.counts.clear(), 60_000).unref();
  }
  allows(user) {
    const count = (this.counts.get(user) ?? 0) + 1;
    this.counts.set(user, count);
    return count <= this.limit;
  }
}

/** Numbers within each conversation. */
class Counters {
  constructor() {
    this.last = new Map();
  }
  next(left, right) {
    const key = left < right ? left + right : right + left;
    const number = (this.last.get(key) ?? 0) + 1;
    this.last.set(key, number);
    return number;
  }
}

class Chat {
  constructor(io, redis, { User, Message }) {
    Object.assign(this, { io, redis, User, Message });
    this.limit = new RateLimit(messagesPerMinute);
    this.counters = new Counters();
  }

  async onConnect(socket) {
    const { userId } = socket.data;
    socket.join(`user:${userId}`);
    const [, user] = await Promise.all([
      this.redis.set(`online:${userId}`, socket.id, 'EX', kPresenceSeconds),
      this.User.findByIdAndUpdate(userId, { isOnline: true, lastSeen: new Date() }, { projection: { friends: 1 } }).lean(),
    ]);
    socket.emit('ready', {});
    for (const friend of user.friends) this.io.to(`user:${friend}`).emit('user_online', { userId, timestamp: new Date() });
    await this.deliverPending(socket);
    socket.emit('drained', {});
  }

  async deliverPending(socket) {
    const { userId } = socket.data;
    const pending = await this.Message.find({ recipient: userId, status: 'sent' }).sort({ timestamp: 1 }).lean();
    const acked = await Promise.all(pending.map((message) => new Promise((done) => {
      const { sender } = message;
      const view = { ...message, content: decrypt(message.content), seq: this.counters.next(String(sender), userId) };
      socket.emit('receive_message', view, () => done({ _id: message._id, sender: String(sender), seq: view.seq }));
    })));
    if (acked.length === 0) return;
    await this.Message.bulkWrite(acked.map(({ _id }) => ({ updateOne: { filter: { _id, status: 'sent' }, update: { $set: { status: 'delivered' } } } })));
    for (const { _id, sender, seq } of acked) this.tellDelivered(sender, userId, _id, seq);
  }

  async onDisconnect(socket) {
    const { userId } = socket.data;
    const lastSeen = new Date();
    const [, user] = await Promise.all([
      this.redis.del(`online:${userId}`),
      this.User.findByIdAndUpdate(userId, { isOnline: false, lastSeen }, { projection: { friends: 1 } }).lean(),
    ]);
    for (const friend of user.friends) this.io.to(`user:${friend}`).emit('user_offline', { userId, lastSeen });
  }

  async sendMessage(socket, { recipient, content }) {
    const sender = socket.data.userId;
    if (typeof content !== 'string' || content.length === 0 || content.length > kMaxContent) throw new Error('invalid');
    if (!this.limit.allows(sender)) throw new Error('rate_limited');
    const seq = this.counters.next(sender, recipient);
    if (!(await this.User.exists({ _id: sender, friends: recipient }))) throw new Error('not_allowed');
    const saved = await this.Message.create({ sender, recipient, content: encrypt(content), timestamp: new Date(), status: 'sent' });
    const socketId = await this.redis.get(`online:${recipient}`);
    const { _id, timestamp } = saved;
    return { view: { _id: String(_id), sender, recipient, content, timestamp, status: 'sent', seq }, target: this.io.sockets.sockets.get(socketId) };
  }

  /** Its sender has been answered; to the recipient, and marked when that one has it. */
  deliver(target, view) {
    target.emit('receive_message', view, () => {
      this.Message.updateOne({ _id: view._id, status: 'sent' }, { $set: { status: 'delivered' } })
        .then(() => this.tellDelivered(view.sender, view.recipient, view._id, view.seq)).catch(console.error);
    });
  }
  tellDelivered(sender, recipient, messageId, upTo) {
    this.io.to(`user:${sender}`).emit('message_status', { peer: recipient, status: 'delivered', upTo, messageId, timestamp: new Date() });
  }

  async markRead(socket, { messageId }) {
    const { userId } = socket.data;
    const message = await this.Message.findOneAndUpdate({ _id: messageId, recipient: userId }, { $set: { status: 'read', readAt: new Date() } }).lean();
    if (message) this.io.to(`user:${message.sender}`).emit('message_status', { peer: userId, status: 'read', messageId, timestamp: new Date() });
    return { ok: true };
  }
}

function serve(io, chat) {
  io.use((socket, next) => {
    try {
      socket.data.userId = jwt.verify(socket.handshake.auth.token, tokenKey).sub;
      next();
    } catch {
      next(new Error('unauthorized'));
    }
  });
  const refuse = (answer) => (error) => answer?.({ ok: false, error: { code: error.message } });
  io.on('connection', (socket) => {
    socket.on('send_message', (request, answer) => {
      chat.sendMessage(socket, request ?? {}).then(({ view, target }) => {
        answer?.({ ok: true, message: view, status: 'sent', online: target !== undefined });
        if (target) chat.deliver(target, view);
      }).catch(refuse(answer));
    });
    socket.on('mark_read', (request, answer) => chat.markRead(socket, request ?? {}).then((result) => answer?.(result)).catch(refuse(answer)));
    socket.on('disconnect', () => chat.onDisconnect(socket).catch(console.error));
    chat.onConnect(socket).catch(console.error);
  });
}

async function main() {
  const redis = new Redis(process.env.REDIS_URI, { enableAutoPipelining: true });
  const models = await connect(process.env.MONGODB_URI);
  const server = http.createServer();
  const io = new Server(server, { serveClient: false });
  serve(io, new Chat(io, redis, models));
  server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
  process.on('SIGTERM', () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
