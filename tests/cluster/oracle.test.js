'use strict';
// The judge of the fault campaigns finds each kind of broken promise in the files of the clients.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { judgePair } = require('./oracle');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'restante-oracle-test-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const kCount = 6;
/** Files as two devices a side leave them when nothing went wrong: the devices of the sender take turns. */
function world() {
  const messages = Array.from({ length: kCount }, (_, index) => ({ clientId: `c${index}`, id: `id${index}`, seq: index + 1, text: `text ${index}`, by: index % 2 }));
  const received = (list) => list.map(({ id, seq, text }) => ['received', id, seq, text, 10 + seq]);
  const files = { r0: received(messages), r1: received(messages) };
  for (const device of [0, 1]) {
    const own = messages.filter(({ by }) => by === device);
    files[`s${device}`] = [
      ...own.map(({ clientId, text }) => ['wrote', clientId, text]), ...own.map(({ clientId, id, seq }) => ['acked', clientId, id, seq]),
      ...received(messages.filter(({ by }) => by !== device)),
    ];
  }
  const device = (name) => ({ name, lastStatus: { delivered: kCount, read: 3 }, markedRead: name === 'r0' ? 3 : 0 });
  const pair = { senders: [device('s0'), device('s1')], receivers: [device('r0'), device('r1')], sender: { username: 's' }, receiver: { username: 'r', id: 'r' } };
  const history = messages.map(({ seq }) => ({ seq, status: seq <= 3 ? 'read' : 'delivered' })).reverse();
  return { files, pair, history };
}
async function judged({ files, pair, history }) {
  for (const [name, lines] of Object.entries(files)) fs.writeFileSync(path.join(folder, `${name}.log`), lines.map((line) => JSON.stringify(line)).join('\n'));
  const totals = { written: 0, shown: 0 };
  return judgePair(folder, pair, { expect: async () => ({ messages: history }) }, totals, 0);
}

test('nothing is wrong where nothing went wrong', async () => {
  assert.deepEqual(await judged(world()), []);
});

const wrongs = {
  'an acknowledged message that one device was not shown': [/is lost/, ({ files }) => files.r1.splice(2, 1)],
  'a message shown twice under one id': [/ids shown twice/, ({ files }) => files.r0.push(files.r0[5])],
  'a text shown twice under two ids': [/texts shown twice/, ({ files }) => files.r0.push(['received', 'other', 7, 'text 5', 17])],
  'two messages in the wrong order': [/out of order/, ({ files }) => files.r0.splice(2, 2, files.r0[3], files.r0[2])],
  'positions in the wrong order': [/positions out of order/, ({ files }) => (files.r0[4][4] = 12)],
  'a text that nobody wrote': [/7 shown, 6 written/, ({ files }) => files.r1.push(['received', 'other', 7, 'from nowhere', 17])],
  'a hole in the numbers': [/a hole/, ({ files }) => [files.r0, files.r1].forEach((lines) => (lines[5][2] = 8))],
  'a repeat that was answered with another id': [/was answered/, ({ files }) => files.s0.push(['acked', 'c0', 'id9', 9])],
  'a copy that did not reach the other device of the author': [/never shown/, ({ files }) => files.s1.pop()],
  'a second tick that never came': [/ticks/, ({ pair }) => (pair.senders[1].lastStatus.delivered = 5)],
  'a read mark that never came': [/ticks/, ({ pair }) => (pair.senders[0].lastStatus.read = 2)],
  'a status in the history that is not true': [/wrong status/, ({ history }) => (history[0].status = 'sent')],
  'a history with a hole': [/the history is not/, ({ history }) => history.splice(1, 1)],
};
for (const [what, [words, spoil]] of Object.entries(wrongs)) {
  test(`finds ${what}`, async () => {
    const files = world();
    spoil(files);
    assert.match((await judged(files)).join('\n'), words);
  });
}
