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
  thread.addOlder(5, [message(4), message(3)], 3);
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

test("what came before its first page was read stays, and older pages go on from there", () => {
  const thread = new Thread("bob");
  for (const seq of [3, 4, 5, 6]) thread.add(message(seq));
  thread.addNewest([message(6), message(5)], 5);
  assert.deepEqual(shown(thread), [3, 4, 5, 6]);
  assert.equal(thread.nextBefore, 3);
  thread.addOlder(3, [message(2), message(1)], undefined);
  assert.deepEqual(shown(thread), [1, 2, 3, 4, 5, 6]);
  assert.equal(thread.nextBefore, undefined);
  thread.addNewest([message(7), message(6)], 6);
  assert.equal(thread.nextBefore, undefined, "the beginning stays known");
});

test("a backlog that reaches the beginning leaves nothing older to read", () => {
  const thread = new Thread("bob");
  for (const seq of [1, 2, 3]) thread.add(message(seq));
  thread.addNewest([message(3), message(2)], 2);
  assert.deepEqual(shown(thread), [1, 2, 3]);
  assert.equal(thread.nextBefore, undefined);
});

test("a backlog that comes below the newest page is left to the older pages, without a gap", () => {
  const thread = new Thread("bob");
  for (const seq of [1, 2]) thread.add(message(seq));
  thread.addNewest([message(9), message(8)], 8);
  assert.equal(thread.add(message(3)), false);
  assert.deepEqual(shown(thread), [8, 9]);
  assert.equal(thread.nextBefore, 8);
  assert.equal(thread.add(message(10)), true);
  thread.addOlder(8, [message(7), message(6)], 6);
  assert.deepEqual(shown(thread), [6, 7, 8, 9, 10]);
});

test("an older page that was asked for before what is known began elsewhere does not hide a gap", () => {
  const thread = new Thread("bob");
  thread.addNewest([message(5), message(4)], 4);
  thread.addNewest([message(20), message(19)], 19);
  thread.addOlder(4, [message(3), message(2)], undefined);
  assert.deepEqual(shown(thread), [19, 20]);
  assert.equal(thread.nextBefore, 19);
});

test("what the list counted is not counted again when it comes, nor lost when read half-way", () => {
  const model = new Model({ _id: "me", username: "me" });
  model.receive(message(1));
  const bob = { _id: "bob", username: "bob" };
  model.setConversations([{ peer: bob, lastMessage: message(4), unread: 4 }]);
  for (const seq of [2, 3]) assert.equal(model.receive(message(seq)), true);
  assert.equal(model.unreadOf("bob"), 4);
  model.read("bob", 3);
  assert.equal(model.unreadOf("bob"), 1);
  for (const seq of [4, 5]) model.receive(message(seq));
  assert.equal(model.unreadOf("bob"), 2);
  model.setConversations([{ peer: bob, lastMessage: message(4), unread: 1 }]);
  assert.equal(model.unreadOf("bob"), 2, "a list that was on its way when the newest came");
  model.read("bob", 5);
  assert.equal(model.unreadOf("bob"), 0);
});

function rowStatus(model: Model): MessageStatus | undefined {
  return model.rows()[0]?.last?.status;
}

test("the ticks of a row never go back, whatever list was on its way", () => {
  const model = new Model({ _id: "me", username: "me" });
  const list = (status: MessageStatus) => model.setConversations([{ peer: { _id: "bob", username: "bob" }, lastMessage: message(3, "me", status), unread: 0 }]);
  list("sent");
  model.applyStatus({ peer: "bob", status: "delivered", upTo: 3, messageId: "m3", timestamp: "" });
  assert.equal(rowStatus(model), "delivered");
  model.applyStatus({ peer: "bob", status: "read", upTo: 3, messageId: "m3", timestamp: "" });
  list("delivered");
  assert.equal(rowStatus(model), "read");
  model.receive(message(4, "me"));
  assert.equal(rowStatus(model), "sent");
  model.setConversations([{ peer: { _id: "bob", username: "bob" }, lastMessage: message(4, "me", "read"), unread: 0 }]);
  model.receive(message(4, "me"));
  assert.equal(rowStatus(model), "read", "known from a list only");
});

test("a row tells that its message has failed, also when that was heard before the list came", () => {
  for (const heardFirst of [true, false]) {
    const model = new Model({ _id: "me", username: "me" });
    const list = () => model.setConversations([{ peer: { _id: "bob", username: "bob" }, lastMessage: message(3, "me"), unread: 0 }]);
    if (!heardFirst) list();
    model.applyStatus({ peer: "bob", status: "failed", reason: "expired", messageId: "m3" });
    list();
    assert.equal(rowStatus(model), "failed");
    model.receive(message(4, "me"));
    assert.equal(rowStatus(model), "sent");
  }
});

test("a row of a peer's message does not take the ticks of one's own", () => {
  const model = new Model({ _id: "me", username: "me" });
  model.receive(message(2));
  model.applyStatus({ peer: "bob", status: "read", upTo: 3, messageId: "m3", timestamp: "" });
  assert.equal(rowStatus(model), "sent");
});

test("who came or went while the list of friends was on its way is as was heard", () => {
  const model = new Model({ _id: "me", username: "me" });
  const list = ["anna", "zoe"].map((name) => ({ _id: name, username: name, isOnline: name === "zoe", lastSeen: name === "zoe" ? null : "2026-01-01T00:00:00.000Z" }));
  const shownOnline = () => ["anna", "zoe"].map((name) => model.friends.get(name)?.isOnline);
  model.askedForFriends();
  model.setPresence("anna", true, null);
  model.setPresence("zoe", false, "2026-01-02T00:00:00.000Z");
  model.setFriends(list);
  assert.deepEqual(shownOnline(), [true, false]);
  assert.equal(model.friends.get("anna")?.lastSeen, "2026-01-01T00:00:00.000Z");
  assert.equal(model.friends.get("zoe")?.lastSeen, "2026-01-02T00:00:00.000Z");
  model.askedForFriends();
  model.setFriends(list);
  assert.deepEqual(shownOnline(), [false, true], "a list that was asked for later knows more");
});
