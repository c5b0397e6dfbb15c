'use strict';
// The four test cases of the founding document, over every transport, with the original client.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Client, Proxy, Server, cleanUp, kTransports, sleep, until } = require('./harness');

let server;
before(async () => { server = await Server.start(); });
after(() => cleanUp(server));

const clientsUnderTest = {
  'latest client': undefined,
  'client 3.0.0': require('socket.io-client-3').io,
  'client 4.0.0': require('socket.io-client-4-0').io,
};

for (const [version, io] of Object.entries(clientsUnderTest)) {
  for (const [transport, options] of Object.entries(kTransports)) {
    const how = { ...options, ...(io ? { io } : {}) };

    describe(`${version}, ${transport}`, () => {
      test('1: both online, the message appears and its status goes sent, delivered, read', async () => {
        const [anna, bert] = await server.friends();
        const annas = await Client.connect(server, anna, how);
        const berts = await Client.connect(server, bert, how);
        const answer = await annas.send(bert, 'hello', 'first');
        assert.equal(answer.ok, true);
        assert.equal(answer.status, 'sent');
        assert.equal(answer.online, true);
        assert.equal(answer.duplicate, false);
        assert.equal(answer.message.status, 'sent');
        assert.equal(answer.message.clientId, 'first');
        assert.equal('position' in answer.message, false);

        const [message] = await berts.received(1);
        assert.equal(message._id, answer.message._id);
        assert.equal(message.content, 'hello');
        assert.equal(message.sender, anna.id);
        assert.equal(message.recipient, bert.id);
        assert.equal('clientId' in message, false, 'clientId appears only in the own views of the author');
        const delivered = await annas.event('message_status', (event) => event.status === 'delivered');
        assert.deepEqual([delivered.peer, delivered.upTo, delivered.messageId], [bert.id, message.seq, message._id]);

        assert.deepEqual(await berts.request('mark_read', { peer: anna.id, upTo: message.seq }), { ok: true });
        const read = await annas.event('message_status', (event) => event.status === 'read');
        assert.deepEqual([read.peer, read.upTo, read.messageId], [bert.id, message.seq, message._id]);
        const [stored] = await server.history(anna, bert);
        assert.equal(stored.status, 'read');
        assert.ok(stored.deliveredAt <= stored.readAt);
      });

      test('2: recipient offline, one tick until the recipient comes', async () => {
        const [anna, bert] = await server.friends();
        const annas = await Client.connect(server, anna, how);
        const answer = await annas.send(bert, 'are you there?');
        assert.equal(answer.online, false);
        assert.equal((await server.history(anna, bert))[0].status, 'sent');
        await sleep(100);
        assert.deepEqual(annas.all('message_status'), []);

        const berts = await Client.connect(server, bert, how);
        const [message] = await berts.received(1);
        assert.equal(message._id, answer.message._id);
        await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === message.seq);
        assert.equal((await server.history(anna, bert))[0].status, 'delivered');
        await berts.event('drained');
      });

      test('3: ten messages while offline arrive in order and all become delivered', async () => {
        const [anna, bert] = await server.friends();
        const annas = await Client.connect(server, anna, how);
        const texts = Array.from({ length: 10 }, (_, index) => `message ${index}`);
        const answers = await Promise.all(texts.map((text, index) => annas.send(bert, text, `c${index}`)));
        assert.deepEqual(answers.map((answer) => answer.message.seq), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert.ok((await server.history(anna, bert)).every((message) => message.status === 'sent'));

        const berts = await Client.connect(server, bert, how);
        await berts.event('drained');
        assert.deepEqual(berts.texts, texts);
        await annas.event('message_status', (event) => event.status === 'delivered' && event.upTo === 10);
        assert.ok((await server.history(anna, bert)).every((message) => message.status === 'delivered'));
      });

      test('4: the connection is cut between save and answer; the message is saved once and delivered once', async () => {
        const [anna, bert] = await server.friends();
        const proxy = await Proxy.start(server.port);
        const annas = await Client.connect(server, anna, { ...how, url: proxy.url });
        const berts = await Client.connect(server, bert, how);
        // An upgrade must be over before answers are swallowed, else it is the upgrade that fails.
        await annas.upgraded();

        // So must what was under way before, else the message itself would wait behind it and break with the connection.
        await annas.event('drained');
        await sleep(100);
        const { engine } = annas.socket.io;
        await until(() => engine.transport.writable && engine.writeBuffer.length === 0, 'a quiet connection');

        proxy.swallowAnswers = true;
        let answered = false;
        annas.socket.emit('send_message', { recipient: bert.id, content: 'through the break', clientId: 'once' }, () => (answered = true));
        const saved = await until(async () => (await server.history(anna, bert))[0], 'the message in the store');
        proxy.cut();
        await until(() => annas.disconnects.length > 0, 'the client to notice');
        proxy.swallowAnswers = false;
        assert.equal(answered, false);

        await until(() => annas.all('ready').length === 2, 'the client returns by itself');
        const again = await annas.send(bert, 'through the break', 'once');
        assert.equal(again.ok, true);
        assert.equal(again.duplicate, true);
        assert.deepEqual([again.message._id, again.message.seq, again.message.timestamp], [saved._id, saved.seq, saved.timestamp]);
        await berts.received(1);
        await annas.event('message_status', (event) => event.status === 'delivered');
        await annas.sent(bert, 'and one more');
        await berts.received(2);
        assert.deepEqual(berts.texts, ['through the break', 'and one more']);
        proxy.close();
      });
    });
  }
}
