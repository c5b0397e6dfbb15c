'use strict';
// The browser's end of Web Push: a subscription with keys of its own, and what comes out of an encrypted body.
// Decryption is http_ece's, an independent implementation of RFC 8188 and RFC 8291.

const crypto = require('node:crypto');
// The browser tests beside this suite share the stand-in and bring the library themselves.
const ece = require(require.resolve('http_ece', { paths: [__dirname, process.cwd()] }));

class Subscription {
  constructor(origin) {
    this.keys = crypto.createECDH('prime256v1');
    this.keys.generateKeys();
    this.secret = crypto.randomBytes(16);
    this.id = crypto.randomBytes(16).toString('base64url');
    this.endpoint = `${origin}/push/${this.id}`;
  }
  /** As PushSubscription.toJSON() gives it. */
  toJSON() {
    return {
      endpoint: this.endpoint, expirationTime: null,
      keys: { p256dh: this.keys.getPublicKey('base64url', 'uncompressed'), auth: this.secret.toString('base64url') },
    };
  }
  decrypt(body) {
    return ece.decrypt(body, { version: 'aes128gcm', privateKey: this.keys, authSecret: this.secret });
  }
}

module.exports = { Subscription };
