'use strict';
// What a metrics page says, and what docs/operations.md says about it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { kRoot } = require('./prometheus');

/** The tables of docs/operations.md, by the words before them. */
const kAlways = '### Metrics';
const kWithRedis = 'Only with `redis.uri` are there:';
const kWithBroadcaster = 'Only with `redis.uri`, unless `redis.broadcaster` is `off` ([application-events.md](application-events.md)):';
const kWithMongoDb = 'Only with `storage.engine = "mongodb"`:';
const kWithBoth = 'Only with both:';

/** family -> { type, labels: Map(label -> Set(values)) } */
function familiesOf(text) {
  const families = new Map();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) families.set(type[1], { type: type[2], labels: new Map() });
    const series = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line);
    if (!series) continue;
    const name = families.has(series[1]) ? series[1] : series[1].replace(/_(bucket|sum|count)$/, '');
    const family = families.get(name);
    assert.ok(family, `${series[1]} has no TYPE`);
    for (const [, label, value] of (series[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      if (label === 'le') continue;
      family.labels.set(label, (family.labels.get(label) ?? new Set()).add(value));
    }
  }
  return families;
}

/** Rows of the first table after each of these words: name -> { type, labels, meaning }. */
function documented(...tables) {
  const rows = new Map();
  const text = fs.readFileSync(path.join(kRoot, 'docs/operations.md'), 'utf8');
  for (const words of tables) {
    const start = text.indexOf(`\n${words}\n`);
    assert.notEqual(start, -1, `docs/operations.md has no line "${words}"`);
    const [table] = /^\|[^]*?\n(?!\|)/m.exec(text.slice(start));
    for (const [, name, type, labels, meaning] of table.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*) \|$/gm)) {
      assert.equal(rows.has(name), false, `${name} is there twice`);
      rows.set(name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map((match) => match[1]), meaning });
    }
  }
  assert.ok(rows.size > 0);
  return rows;
}

/** What the page has and these rows do not say: one sentence each. */
function undocumented(page, rows) {
  const missing = [];
  for (const [name, { type, labels }] of familiesOf(page)) {
    const row = rows.get(name);
    if (!row) {
      missing.push(`${name} is not in docs/operations.md`);
      continue;
    }
    if (row.type !== type) missing.push(`${name} is a ${type}`);
    const names = (list) => [...list].sort().join(', ');
    if (names(row.labels) !== names(labels.keys())) missing.push(`the labels of ${name} are ${names(labels.keys())}`);
    for (const value of [...labels.values()].flatMap((values) => [...values])) {
      if (!row.meaning.includes(`\`${value}\``)) missing.push(`the value ${value} of ${name} is not explained`);
    }
  }
  return missing;
}

module.exports = { documented, familiesOf, kAlways, kWithBoth, kWithBroadcaster, kWithMongoDb, kWithRedis, undocumented };
