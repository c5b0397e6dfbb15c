import assert from "node:assert/strict";
import { test } from "node:test";
import { Model } from "./model";
import type { Message, MessageStatus } from "./protocol";
import { Thread } from "./thread";

function message(seq: number, sender = "bob", status: MessageStatus = "sent"): Message {
  const recipient = sender === "bob" ? "me" : "bob";
  return { _id: `m${seq}`, sender, recipient, content: `text ${seq}`, timestamp: `2026-01-01T00:00:${String(seq % 60).padStart(2, "0")}.000Z`, status, seq };
}
function shown(thread: Thread): number[] {
  return thread.messages().map((each) => each.seq);
}

test("messages appear once and in the order of their numbers", () => {
  const thread = new Thread("bob");
  assert.equal(thread.add(message(2)), true);
  assert.equal(thread.add(message(1)), true);
  assert.equal(thread.add(message(2)), false);
  assert.deepEqual(shown(thread), [1, 2]);
});

test("ticks follow the watermarks and never go back", () => {
  const thread = new Thread("bob");
  for (const seq of [1, 2, 3]) thread.add(message(seq, "me"));
  thread.applyStatus({ peer: "bob", status: "read", upTo: 1, messageId: "m1", timestamp: "" });
  thread.applyStatus({ peer: "bob", status: "delivered", upTo: 2, messageId: "m2", timestamp: "" });
  thread.applyStatus({ peer: "bob", status: "delivered", upTo: 1, messageId: "m1", timestamp: "" });
  assert.deepEqual(thread.messages().map((each) => thread.statusOf(each)), ["read", "delivered", "sent"]);
  thread.add(message(1, "me", "sent"));
  assert.equal(thread.statusOf(message(1, "me")), "read");
});

test("a failed message stays failed whatever a watermark above it says", () => {
  const thread = new Thread("bob");
  thread.add(message(1, "me"));
  thread.applyStatus({ peer: "bob", status: "failed", reason: "expired", messageId: "m1" });
  thread.applyStatus({ peer: "bob", status: "read", upTo: 5, messageId: "m5", timestamp: "" });
  const first = thread.messages()[0];
  assert.ok(first);
  assert.equal(thread.statusOf(first), "failed");
});

test("older pages join in front, and the newest page joins what is known", () => {
  const thread = new Thread("bob");
  thread.addNewest([message(6), message(5)], 5);
  assert.equal(thread.nextBefore, 5);
  thread.addOlder([message(4), message(3)], 3);
  thread.addNewest([message(8), message(7)], 7);
  assert.deepEqual(shown(thread), [3, 4, 5, 6, 7, 8]);
  assert.equal(thread.nextBefore, 3);
});

test("a gap between the newest page and what is known is never shown as if it were none", () => {
  const thread = new Thread("bob");
  thread.addNewest([message(2), message(1)], undefined);
  thread.addNewest([message(9), message(8)], 8);
  assert.deepEqual(shown(thread), [8, 9]);
  assert.equal(thread.nextBefore, 8);
});

test("a message that arrives while the first page is read is kept", () => {
  const thread = new Thread("bob");
  thread.add(message(3));
  thread.addNewest([message(2), message(1)], undefined);
  assert.deepEqual(shown(thread), [1, 2, 3]);
  const empty = new Thread("bob");
  empty.add(message(1));
  empty.addNewest([], undefined);
  assert.deepEqual(shown(empty), [1]);
});

test("unread counts grow with new messages, not with repeats, and end when read", () => {
  const model = new Model({ _id: "me", username: "me" });
  assert.equal(model.receive(message(1)), true);
  assert.equal(model.receive(message(1)), false);
  model.receive(message(2));
  model.receive(message(3, "me"));
  assert.equal(model.unreadOf("bob"), 2);
  model.read("bob", 1);
  assert.equal(model.unreadOf("bob"), 1);
  model.read("bob", 3);
  assert.equal(model.totalUnread, 0);
});

test("rows are ordered by their newest message and show friends without one last", () => {
  const model = new Model({ _id: "me", username: "me" });
  model.setFriends(["anna", "zoe"].map((name) => ({ _id: name, username: name, isOnline: false, lastSeen: null })));
  model.setConversations([{ peer: { _id: "bob", username: "bob" }, lastMessage: message(1), unread: 4 }]);
  assert.deepEqual(model.rows().map((row) => row.peer.username), ["bob", "anna", "zoe"]);
  assert.equal(model.totalUnread, 4);
  model.setPresence("zoe", true, null);
  assert.equal(model.friends.get("zoe")?.isOnline, true);
});
