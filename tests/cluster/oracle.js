'use strict';
// Reads what the devices of two users wrote into their files, and says which promise was broken.

const { until } = require('../integration/harness');
const { readLog } = require('../faults/durable_client');

const kReceiptMs = 60_000;
const kPage = 200;

const firstDifference = (left, right) => left.findIndex((each, index) => each !== right[index]);

/** What one device was shown, against what it should have been shown. */
function judgeShown(name, log, expected) {
  const broken = [];
  const ids = log.received.map(([id]) => id);
  const contents = log.received.map(([, , content]) => content);
  const numbers = log.received.map(([, seq]) => seq);
  const positions = log.received.map(([, , , position]) => position);
  if (new Set(ids).size !== ids.length) broken.push(`${name}: ${ids.length - new Set(ids).size} ids shown twice`);
  if (new Set(contents).size !== contents.length) broken.push(`${name}: ${contents.length - new Set(contents).size} texts shown twice`);
  for (const [author, texts] of expected) {
    const own = new Set(texts);
    const shown = contents.filter((content) => own.has(content));
    if (shown.length < texts.length) broken.push(`${name}: ${texts.length - shown.length} of ${author} never shown`);
    const at = firstDifference(shown, texts);
    if (at >= 0) broken.push(`${name}: of ${author} at ${at} shown "${shown[at]}", written "${texts[at]}"`);
  }
  const all = expected.reduce((sum, [, texts]) => sum + texts.length, 0);
  if (contents.length !== all) broken.push(`${name}: ${contents.length} shown, ${all} written`);
  if (numbers.some((seq, index) => index > 0 && seq <= numbers[index - 1])) broken.push(`${name}: numbers out of order`);
  if (positions.some((position, index) => index > 0 && position <= positions[index - 1])) broken.push(`${name}: positions out of order`);
  return broken;
}

/** What was acknowledged is what was shown: the same id, number and text, whichever node answered. */
function judgeAcked(name, log, receiver) {
  const broken = [];
  const shown = new Map(receiver.received.map(([id, seq, content]) => [id, { seq, content }]));
  const texts = new Map(log.wrote);
  const first = new Map();
  for (const [clientId, id, seq] of log.acked) {
    const before = first.get(clientId) ?? { id, seq };
    first.set(clientId, before);
    if (before.id !== id || before.seq !== seq) broken.push(`${name}: ${clientId} was answered ${before.id} (${before.seq}) and ${id} (${seq})`);
    const message = shown.get(id);
    if (!message) broken.push(`${name}: acknowledged ${clientId} (${id}) is lost`);
    else if (message.seq !== seq || message.content !== texts.get(clientId)) broken.push(`${name}: ${clientId} was acknowledged as ${seq}, shown as ${JSON.stringify(message)}`);
  }
  if (first.size !== log.wrote.length) broken.push(`${name}: ${log.wrote.length} written, ${first.size} acknowledged`);
  return broken;
}

async function wholeHistory(node, user, peer) {
  const all = [];
  for (let before; ;) {
    const query = `?limit=${kPage}${before === undefined ? '' : `&before=${before}`}`;
    const { messages, next } = await node.expect(200, 'GET', `/conversations/${peer.id}/messages${query}`, { token: user.token });
    all.push(...messages);
    if (next === undefined) return all;
    before = next;
  }
}

/** Ticks at the sender's devices and in the history: all delivered, read as far as the receiver said. */
async function judgeReceipts(pair, node, top, waitMs) {
  const { senders, receivers, sender, receiver } = pair;
  const marked = Math.max(...receivers.map((device) => device.markedRead));
  const ticks = (device) => [Math.max(device.lastStatus?.delivered ?? 0, device.lastStatus?.read ?? 0), device.lastStatus?.read ?? 0];
  const isRight = (device) => ticks(device)[0] === top && ticks(device)[1] === marked;
  await until(() => senders.every(isRight), 'the ticks', waitMs).catch(() => {});
  const broken = senders.filter((device) => !isRight(device)).map((device) => `${device.name}: ticks ${ticks(device)} instead of ${[top, marked]}`);
  const history = await wholeHistory(node, sender, receiver);
  const wrong = history.filter(({ seq, status }) => status !== (seq <= marked ? 'read' : 'delivered'));
  if (wrong.length > 0) broken.push(`${sender.username}: ${wrong.length} messages have a wrong status, first ${JSON.stringify(wrong.at(-1))}; read up to ${marked}`);
  const numbers = history.map(({ seq }) => seq);
  if (numbers.length !== top || numbers.some((seq, index) => seq !== top - index)) broken.push(`${sender.username}: the history is not ${top}..1 but has ${numbers.length}`);
  return broken;
}

/** All broken promises of a pair, after everything has arrived; adds to `totals`. */
async function judgePair(folder, pair, node, totals, waitMs = kReceiptMs) {
  const [mine, theirs] = [pair.senders, pair.receivers].map((devices) => devices.map((device) => readLog(folder, device.name)));
  const texts = mine.map((log, index) => [pair.senders[index].name, log.wrote.map(([, content]) => content)]);
  const broken = [];
  theirs.forEach((log, index) => broken.push(...judgeShown(pair.receivers[index].name, log, texts)));
  mine.forEach((log, index) => broken.push(...judgeShown(pair.senders[index].name, log, [texts[1 - index]])));
  for (const receiver of theirs) mine.forEach((log, index) => broken.push(...judgeAcked(pair.senders[index].name, log, receiver)));
  const top = texts.reduce((sum, [, all]) => sum + all.length, 0);
  for (const [index, log] of theirs.entries()) {
    if (log.received.some(([, seq], at) => seq !== at + 1)) broken.push(`${pair.receivers[index].name}: the numbers have a hole`);
    totals.shown += log.received.length;
  }
  totals.written += top;
  if (top > 0) broken.push(...await judgeReceipts(pair, node, top, waitMs));
  return broken;
}

module.exports = { judgePair };
