import assert from "node:assert/strict";
import { test } from "node:test";
import { fragmentOf, peerOf, shownOf } from "./worker_message";

const kPeer = "0123456789abcdef01234567";

test("a generic push shows its title and leads to no conversation", () => {
  const text = JSON.stringify({ title: "New message", body: "", badge: 3, data: { t: "m", n: "x" } });
  assert.deepEqual(shownOf(text), { title: "New message", body: "", badge: 3, peer: null });
});

test("a push with a preview shows who wrote what and knows the conversation", () => {
  const text = JSON.stringify({ title: "anna", body: "hello 👋", badge: 1, data: { type: "message", senderId: kPeer, messageId: kPeer } });
  assert.deepEqual(shownOf(text), { title: "anna", body: "hello 👋", badge: 1, peer: kPeer });
});

test("whatever else comes is shown as a new message", () => {
  for (const text of [undefined, "", "no JSON", "[]", "null", '{"title":7,"body":{},"badge":-1,"data":{"senderId":"../x"}}', '{"badge":1.5}']) {
    assert.deepEqual(shownOf(text), { title: "New message", body: "", badge: undefined, peer: null }, text);
  }
});

test("a conversation survives the page's address, and nothing else does", () => {
  assert.equal(peerOf(fragmentOf(kPeer)), kPeer);
  assert.equal(fragmentOf(null), "");
  for (const fragment of ["", "#", "#chat=", "#chat=12", `#chat=${kPeer}0`, `#chat=${kPeer.toUpperCase()}`]) assert.equal(peerOf(fragment), null);
});
