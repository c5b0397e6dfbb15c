'use strict';
// As much of MongoDB's wire protocol as a test needs: one command, one reply (OP_MSG), and the values of BSON that occur.
//
//   number -> int32, or double when it is none; bigint -> int64; string, boolean, null, array, object, Uint8Array as they are
//   and back; an ObjectId becomes its hex digits, a date a Date, a timestamp and an int64 a BigInt.

const net = require('node:net');

const kOpMsg = 2013;
const kHeader = 16; // length, request, response to, operation
const kPrefix = kHeader + 4 + 1; // flags, kind of section
const kAnswerMs = 20_000;

const number = (size, write) => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};
const int32 = (value) => number(4, (bytes) => bytes.writeInt32LE(value));

/** Type and bytes of a value. */
function encodeValue(value) {
  if (value === null) return [0x0a, Buffer.alloc(0)];
  if (typeof value === 'boolean') return [0x08, Buffer.from([value ? 1 : 0])];
  if (typeof value === 'bigint') return [0x12, number(8, (bytes) => bytes.writeBigInt64LE(value))];
  if (typeof value === 'number') {
    return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? [0x10, int32(value)] : [0x01, number(8, (bytes) => bytes.writeDoubleLE(value))];
  }
  if (typeof value === 'string') return [0x02, Buffer.concat([int32(Buffer.byteLength(value) + 1), Buffer.from(value), Buffer.alloc(1)])];
  if (value instanceof Date) return [0x09, number(8, (bytes) => bytes.writeBigInt64LE(BigInt(value.getTime())))];
  if (value instanceof Uint8Array) return [0x05, Buffer.concat([int32(value.length), Buffer.alloc(1), value])];
  return [Array.isArray(value) ? 0x04 : 0x03, encode(value)];
}

function encode(object) {
  const parts = [];
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const [type, bytes] = encodeValue(value);
    parts.push(Buffer.from([type]), Buffer.from(`${name}\0`), bytes);
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 5), body, Buffer.alloc(1)]);
}

/** By type: the value at an offset and the size of its bytes. */
const kDecoders = {
  0x01: (bytes, at) => [bytes.readDoubleLE(at), 8],
  0x02: (bytes, at) => [bytes.toString('utf8', at + 4, at + 3 + bytes.readInt32LE(at)), 4 + bytes.readInt32LE(at)],
  0x03: (bytes, at) => [decode(bytes, at), bytes.readInt32LE(at)],
  0x04: (bytes, at) => [Object.values(decode(bytes, at)), bytes.readInt32LE(at)],
  0x05: (bytes, at) => [Buffer.from(bytes.subarray(at + 5, at + 5 + bytes.readInt32LE(at))), 5 + bytes.readInt32LE(at)],
  0x07: (bytes, at) => [bytes.toString('hex', at, at + 12), 12],
  0x08: (bytes, at) => [bytes[at] === 1, 1],
  0x09: (bytes, at) => [new Date(Number(bytes.readBigInt64LE(at))), 8],
  0x0a: () => [null, 0],
  0x10: (bytes, at) => [bytes.readInt32LE(at), 4],
  0x11: (bytes, at) => [bytes.readBigUInt64LE(at), 8],
  0x12: (bytes, at) => [bytes.readBigInt64LE(at), 8],
};

function decode(bytes, start) {
  const object = {};
  let at = start + 4;
  while (bytes[at] !== 0) {
    const decoder = kDecoders[bytes[at]];
    if (!decoder) throw new Error(`a BSON value of type ${bytes[at]}`);
    const end = bytes.indexOf(0, at + 1);
    const [value, size] = decoder(bytes, end + 1);
    object[bytes.toString('utf8', at + 1, end)] = value;
    at = end + 1 + size;
  }
  return object;
}

/** One connection, one command; rejects when the server refuses it (`code` as it says) or does not answer. */
function runCommand(port, database, command) {
  const body = encode({ ...command, $db: database });
  const header = Buffer.concat([int32(kPrefix + body.length), int32(1), int32(0), int32(kOpMsg), Buffer.alloc(5)]);
  return new Promise((done, fail) => {
    const socket = net.connect(port, '127.0.0.1');
    let got = Buffer.alloc(0);
    const finish = (settle, value) => {
      socket.destroy();
      settle(value);
    };
    socket.setTimeout(kAnswerMs, () => finish(fail, new Error('MongoDB does not answer')));
    socket.on('error', (error) => finish(fail, error));
    socket.on('close', () => fail(new Error('MongoDB closed the connection')));
    socket.on('connect', () => socket.write(Buffer.concat([header, body])));
    socket.on('data', (bytes) => {
      got = Buffer.concat([got, bytes]);
      if (got.length < 4 || got.length < got.readInt32LE(0)) return;
      const reply = decode(got, kPrefix);
      if (reply.ok === 1) finish(done, reply);
      else finish(fail, Object.assign(new Error(`MongoDB: ${reply.errmsg}`), { code: reply.code }));
    });
  });
}

module.exports = { runCommand };
