import assert from "node:assert/strict";
import { test } from "node:test";
import { isNearTop, OlderPages, type HistoryPage } from "./older_pages";
import type { Message, Result } from "./protocol";
import { Thread } from "./thread";

function message(seq: number): Message {
  return { _id: `m${seq}`, sender: "bob", recipient: "me", content: `text ${seq}`, timestamp: "2026-01-01T00:00:00.000Z", status: "sent", seq };
}
function pageBelow(before: number): Result<HistoryPage> {
  const messages = [message(before - 1), message(before - 2)];
  return { ok: true, value: before - 2 > 1 ? { messages, next: before - 2 } : { messages } };
}
const kNetworkFailure: Result<HistoryPage> = { ok: false, error: { code: "network", message: "away" } };

/** A thread whose numbers 7 and 8 are known; each request waits for its answer. */
function world() {
  const thread = new Thread("bob");
  thread.addNewest([message(8), message(7)], 7);
  const asked: number[] = [];
  const answers: { give: (page: Result<HistoryPage>) => void; fail: (error: Error) => void }[] = [];
  let changes = 0;
  const pages = new OlderPages((peer, before) => {
    assert.equal(peer, "bob");
    asked.push(before);
    return new Promise((give, fail) => answers.push({ give, fail }));
  }, () => { changes += 1; });
  return { thread, asked, answers, pages, changes: () => changes };
}

test("a box is near its top when it is on the screen and little or nothing is above", () => {
  assert.equal(isNearTop({ scrollTop: 0, clientHeight: 500 }), true);
  assert.equal(isNearTop({ scrollTop: 79, clientHeight: 500 }), true);
  assert.equal(isNearTop({ scrollTop: 80, clientHeight: 500 }), false);
  assert.equal(isNearTop({ scrollTop: 0, clientHeight: 0 }), false, "a hidden box");
});

test("one older page is read at a time, and whoever still is at the top gets the next until the beginning", async () => {
  const { thread, asked, answers, pages, changes } = world();
  const first = pages.ask(thread);
  assert.equal(pages.isLoading(thread), true);
  assert.equal(changes(), 1, "the view can say that it is being read");
  await pages.ask(thread); // scrolling while it is read
  await pages.fill(thread); // drawing while it is read
  assert.deepEqual(asked, [7]);
  answers[0]?.give(pageBelow(7));
  await first;
  assert.equal(pages.isLoading(thread), false);
  assert.equal(changes(), 2);
  for (const at of [1, 2]) {
    const more = pages.fill(thread);
    answers[at]?.give(pageBelow(asked[at] ?? 0));
    await more;
  }
  assert.deepEqual(asked, [7, 5, 3]);
  assert.deepEqual(thread.messages().map((each) => each.seq), [1, 2, 3, 4, 5, 6, 7, 8]);
  await pages.fill(thread);
  await pages.ask(thread);
  assert.equal(asked.length, 3, "nothing is before the beginning");
});

test("after a failed request only the person asks again, and then it goes on by itself", async () => {
  const { thread, asked, answers, pages } = world();
  const first = pages.fill(thread);
  answers[0]?.give(kNetworkFailure);
  await first;
  assert.equal(pages.isLoading(thread), false);
  for (let renders = 0; renders < 3; renders += 1) await pages.fill(thread);
  assert.deepEqual(asked, [7]);
  const again = pages.ask(thread);
  answers[1]?.give(pageBelow(7));
  await again;
  const next = pages.fill(thread);
  answers[2]?.give(pageBelow(5));
  await next;
  assert.deepEqual(asked, [7, 7, 5]);
});

test("a request that breaks does not block those that follow", async () => {
  const { thread, asked, answers, pages } = world();
  const first = pages.ask(thread);
  answers[0]?.fail(new Error("broken"));
  await assert.rejects(first, /broken/);
  assert.equal(pages.isLoading(thread), false);
  await pages.fill(thread);
  assert.deepEqual(asked, [7]);
  const again = pages.ask(thread);
  answers[1]?.give(pageBelow(7));
  await again;
  assert.equal(thread.nextBefore, 5);
});

test("a conversation that is slow does not hold up another one", async () => {
  const { thread, asked, pages } = world();
  void pages.ask(thread);
  const other = new Thread("bob");
  other.addNewest([message(4), message(3)], 3);
  void pages.fill(other);
  assert.deepEqual(asked, [7, 3]);
  assert.equal(pages.isLoading(other), true);
});

test("a server whose pages lead nowhere is not asked for ever", async () => {
  const { thread, asked, answers, pages } = world();
  const first = pages.ask(thread);
  answers[0]?.give({ ok: true, value: { messages: [], next: 7 } });
  await first;
  await pages.fill(thread);
  assert.deepEqual(asked, [7]);
});
