'use strict';
// What people write is nowhere on the disk and in no log, at any level.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');
const { Client, Server, cleanUp, kTransports } = require('./harness');

after(() => cleanUp());

function* filesIn(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(file);
    else if (entry.isFile()) yield file;
  }
}
/** undefined: the file went, or got its final name, between the listing and the look. */
function contentOf(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
/** A text in the forms in which it could leak. */
function formsOf(text) {
  const forms = [text, Buffer.from(text).toString('hex'), encodeURIComponent(text), Buffer.from(text, 'utf16le').toString('latin1')];
  // Base64 inside a longer text begins at one of three offsets.
  for (const pad of ['', 'x', 'xx']) forms.push(Buffer.from(pad + text).toString('base64').slice(4, -4));
  return forms.map((form) => Buffer.from(form, 'latin1'));
}

for (const level of ['debug', 'error']) {
  test(`no plaintext in the data directory or the log at level ${level}`, async () => {
    const server = await Server.start({ set: { 'log.level': level } });
    try {
      const [anna, bert] = await server.friends();
      const secrets = [];
      for (const [transport, options] of Object.entries(kTransports)) {
        const canary = `CANARY-${transport}-7f3Qz81kLw-canary`;
        secrets.push(canary);
        const annas = await Client.connect(server, anna, options);
        const berts = await Client.connect(server, bert, options);
        for (let index = 0; index < 20; index += 1) await annas.sent(bert, `${canary} number ${index} ${'text '.repeat(20)}`, `c${transport}${index}`);
        await berts.received(20);
        await berts.request('mark_read', { peer: anna.id, upTo: berts.messages[19].seq });
        assert.equal((await berts.send('nobody', `${canary} refused`)).ok, false);
        annas.socket.emit('unknown_event', { text: canary });
        await annas.sent(bert, `${canary} the last one`);
        annas.close();
        berts.close();
      }
      await server.call('POST', '/messages', { token: anna.token, body: { recipient: bert.id, content: `${secrets[0]} over HTTP` } });
      await server.call('POST', '/messages', { token: anna.token, body: `{"broken": "${secrets[0]}"` });
      await server.call('GET', `/no/such/${secrets[0]}?text=${secrets[0]}`, { token: anna.token });
      const offline = await Client.connect(server, anna);
      await offline.sent(bert, `${secrets[0]} pending`);
      const hidden = { password: anna.password, 'access token': anna.token, 'refresh token': anna.refreshToken, 'e-mail in the log': anna.email };
      const search = (when) => {
        let bytes = 0;
        for (const file of filesIn(server.data)) {
          const content = contentOf(file);
          if (content === undefined) continue;
          bytes += content.length;
          for (const secret of secrets) for (const form of formsOf(secret)) assert.equal(content.includes(form), false, `${secret} is in ${path.basename(file)} ${when}`);
          for (const name of ['password', 'refresh token']) assert.equal(content.includes(hidden[name]), false, `the ${name} is in ${path.basename(file)}`);
        }
        assert.ok(bytes > 10_000, 'the search must have looked at a store');
        for (const secret of [...secrets, ...Object.values(hidden)]) assert.equal(server.log.includes(secret), false, `${secret} is in the log ${when}`);
      };
      search('while it runs');
      await server.restart();
      search('after a restart');
      assert.equal(await server.stop(), 0);
      search('at rest');
      const modes = [...filesIn(server.data)].map((file) => [path.basename(file), fs.statSync(file).mode & 0o077]);
      const folderIsPrivate = (fs.statSync(server.data).mode & 0o077) === 0;
      assert.ok(folderIsPrivate || modes.every(([, open]) => open === 0), `readable by others: ${JSON.stringify(modes.filter(([, open]) => open))}`);
    } finally {
      await server.dispose();
    }
  });
}
