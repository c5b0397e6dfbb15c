'use strict';
// A service account as the Firebase console hands it out: one JSON file with the private half; the stand-in keeps the public one.

const crypto = require('node:crypto');
const fs = require('node:fs');

const kScope = 'https://www.googleapis.com/auth/firebase.messaging';

class ServiceAccount {
  constructor(tokenUri, project = 'stand-in-project') {
    const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.publicKey = publicKey;
    this.project = project;
    this.json = {
      type: 'service_account', project_id: project, private_key_id: crypto.randomBytes(20).toString('hex'),
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: `pusher@${project}.iam.gserviceaccount.com`, client_id: '100000000000000000001',
      auth_uri: 'https://accounts.google.com/o/oauth2/auth', token_uri: tokenUri,
    };
  }
  writeTo(file, changes = {}) {
    fs.writeFileSync(file, JSON.stringify({ ...this.json, ...changes }, null, 2), { mode: 0o600 });
    return file;
  }
}

module.exports = { ServiceAccount, kScope };
