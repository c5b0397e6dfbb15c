'use strict';
// The alert rules by themselves: valid, and each proven to fire and to stay quiet by its unit tests.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { impatientRules, kMissing, kRoot, kRules, promtool } = require('./prometheus');

const kTests = path.join(kRoot, 'deploy/prometheus/restante_test.yml');
const alertsIn = (text) => [...text.matchAll(/^\s+- alert: (\w+)$/gm)].map((match) => match[1]);

test('promtool accepts the rules', { skip: kMissing }, () => {
  const { status, output } = promtool(['check', 'rules', '--lint=all', '--lint-fatal', kRules]);
  assert.equal(status, 0, output);
});

test('the unit tests of the rules pass', { skip: kMissing }, () => {
  const { status, output } = promtool(['test', 'rules', kTests]);
  assert.equal(status, 0, output);
});

test('every alert has a test in which it fires and one in which it does not', () => {
  const text = fs.readFileSync(kTests, 'utf8');
  const alerts = alertsIn(fs.readFileSync(kRules, 'utf8'));
  assert.ok(alerts.length >= 8);
  for (const alert of alerts) {
    assert.match(text, new RegExp(`alertname: ${alert}\\s+exp_alerts:\\s+- exp_labels`), `${alert} never fires in a test`);
    assert.match(text, new RegExp(`alertname: ${alert}, exp_alerts: \\[\\]`), `${alert} is never quiet in a test`);
  }
});

test('every alert says what it means and what to do, here and in the documentation', () => {
  const rules = fs.readFileSync(kRules, 'utf8');
  const documentation = fs.readFileSync(path.join(kRoot, 'docs/operations.md'), 'utf8');
  for (const block of rules.split(/^(?= +- alert: )/m).slice(1)) {
    const [alert] = alertsIn(block);
    for (const part of ['severity', 'summary', 'description']) assert.match(block, new RegExp(`\\n\\s+${part}: \\S`), `${alert} has no ${part}`);
    assert.ok(documentation.includes(`\`${alert}\``), `${alert} is not in docs/operations.md`);
  }
});

test('the impatient copy differs in nothing but the time that a condition must last', () => {
  const original = fs.readFileSync(kRules, 'utf8').split('\n');
  const copy = impatientRules().split('\n');
  assert.equal(copy.length, original.length);
  const changed = original.filter((line, index) => line !== copy[index]);
  assert.ok(changed.length > 0);
  for (const line of changed) assert.match(line, /^\s+for: \d+[mh]$/);
});
