import assert from "node:assert/strict";
import { test } from "node:test";
import { dayName, daysBetween, presenceText } from "./format";

const kNow = new Date(2026, 4, 10, 12, 0, 0);
function ago(minutes: number): string {
  return new Date(kNow.getTime() - minutes * 60_000).toISOString();
}

test("days have names as long as that is clearer than a date", () => {
  assert.equal(dayName(ago(5), kNow), "Today");
  assert.equal(dayName(ago(24 * 60), kNow), "Yesterday");
  assert.equal(dayName(ago(3 * 24 * 60), kNow, "en"), "Thursday");
  assert.match(dayName(ago(40 * 24 * 60), kNow, "en"), /2026/);
});

test("midnight separates days, not 24 hours", () => {
  assert.equal(daysBetween(new Date(2026, 4, 9, 23, 59), new Date(2026, 4, 10, 0, 1)), 1);
});

test("presence is said in words", () => {
  assert.equal(presenceText(true, null, kNow), "online");
  assert.equal(presenceText(false, null, kNow), "offline");
  assert.equal(presenceText(false, ago(0), kNow), "last seen just now");
  assert.equal(presenceText(false, ago(5), kNow), "last seen 5 min ago");
  assert.match(presenceText(false, ago(120), kNow), /^last seen today at /);
});
