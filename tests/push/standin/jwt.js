'use strict';
// Reads and verifies a compact JWS with node's own crypto: nothing here is shared with the server under test.

const crypto = require('node:crypto');

const kAlgorithms = {
  RS256: (input, key, signature) => crypto.verify('sha256', input, key, signature),
  ES256: (input, key, signature) => crypto.verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature),
};

/** The claims. Throws what is wrong: form, algorithm, signature. */
function verifyJwt(token, algorithm, key) {
  const parts = String(token).split('.');
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) throw new Error('not three base64url parts');
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  if (header.alg !== algorithm) throw new Error(`alg is ${header.alg}, not ${algorithm}`);
  if (header.typ !== undefined && header.typ !== 'JWT') throw new Error(`typ is ${header.typ}`);
  const signature = Buffer.from(parts[2], 'base64url');
  if (!kAlgorithms[algorithm](Buffer.from(`${parts[0]}.${parts[1]}`), key, signature)) throw new Error('the signature does not fit');
  return { header, claims };
}

/** A public key from the 65 octets of an uncompressed P-256 point. */
function keyOfPoint(point) {
  if (point.length !== 65 || point[0] !== 4) throw new Error('not an uncompressed P-256 point');
  return crypto.createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }, format: 'jwk',
  });
}

module.exports = { verifyJwt, keyOfPoint };
