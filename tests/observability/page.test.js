'use strict';
// The metrics page of a busy server: well-formed, documented to the last series, and no larger for more users.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Client, cleanUp } = require('../integration/harness');
const { documented, familiesOf, kAlways, undocumented } = require('./page');
const { kMissing, promtool } = require('./prometheus');
const { World } = require('./world');

let world, fresh, page;

before(async () => {
  world = await World.start({ users: 20 });
  fresh = await world.server.metrics();
  const clients = await world.connectAll([world.users[1]]);
  await world.chat(clients, 5);
  await Client.connect(world.server, world.users[1]);
  await world.refused('no token');
  page = await world.server.metrics();
});
after(async () => {
  await cleanUp();
  await world.stop();
});

test('promtool finds nothing to say about the page', { skip: kMissing }, () => {
  const { status, output } = promtool(['check', 'metrics'], page);
  assert.equal(status, 0, output);
  assert.equal(output, '');
});

test('every family of the page is documented with its type and all its labels and values', () => {
  assert.deepEqual(undocumented(page, documented(kAlways)), []);
});

test('nothing is documented that is not on the page', () => {
  const families = familiesOf(page);
  assert.deepEqual([...documented(kAlways).keys()].filter((name) => !families.has(name)), []);
});

test('every family has a help text and at least one series', () => {
  for (const [name] of familiesOf(page)) {
    assert.match(page, new RegExp(`^# HELP ${name} \\S`, 'm'));
    assert.match(page, new RegExp(`^${name}(_count)?(\\{.*\\})? \\S`, 'm'), `${name} is empty`);
  }
});

test('the page has the same series before the first user and after all', () => {
  const series = (text) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' ')));
  assert.deepEqual(series(page), series(fresh));
  assert.ok(series(page).length < 1000, 'labels come from closed lists');
  for (const { id, username } of world.users) assert.equal(page.includes(id) || page.includes(`"${username}"`), false, 'no user is on the page');
});

test('histograms have the objective as a bound, and add up', () => {
  assert.match(page, /^restante_delivery_seconds_bucket\{le="0\.1"\} \d+$/m);
  for (const [name, { type }] of familiesOf(page)) {
    if (type !== 'histogram') continue;
    const buckets = [...page.matchAll(new RegExp(`^${name}_bucket\\{(.*?),?le="(.*?)"\\} (\\d+)$`, 'gm'))];
    assert.ok(buckets.length > 0, name);
    let [labels, last] = [undefined, 0];
    for (const [, others, bound, count] of buckets) {
      if (others !== labels) [labels, last] = [others, 0];
      assert.ok(Number(count) >= last, `${name}{${others}} at ${bound}`);
      last = Number(count);
      if (bound !== '+Inf') continue;
      const total = new RegExp(`^${name}_count${others === '' ? '' : `\\{${others}\\}`} (\\d+)$`, 'm').exec(page);
      assert.equal(Number(total?.[1]), last, `${name}{${others}}`);
    }
  }
});

test('many readers at once get a page or are told to come again', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, async () => {
    const response = await fetch(`${world.server.url}/metrics`);
    return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
  }));
  for (const { status, text, type } of answers) {
    assert.ok(status === 200 || status === 503, `status ${status}`);
    if (status === 200) {
      assert.match(type, /^text\/plain; version=0\.0\.4/);
      assert.match(text, /^restante_sessions \d+$/m);
    }
  }
  assert.ok(answers.some(({ status }) => status === 200));
});
