import assert from "node:assert/strict";
import { test } from "node:test";
import { kOutboxLimit, Outbox, type OutboxEntry } from "./outbox";
import type { Failure, Message, SendAck } from "./protocol";
import { memoryStore, type TextStore } from "./storage";

const kKey = "outbox";

class World {
  readonly sent: Message[] = [];
  readonly tried: string[] = [];
  readonly timers: { ms: number; task: () => void }[] = [];
  private answers: ((ack: SendAck | null) => void)[] = [];
  outbox: Outbox;

  constructor(readonly store: TextStore = memoryStore()) {
    this.outbox = this.make();
  }
  make(): Outbox {
    return new Outbox(kKey, this.store, { after: (ms, task) => void this.timers.push({ ms, task }) },
      { changed: () => undefined, sent: (message) => void this.sent.push(message) });
  }
  readonly send = (entry: OutboxEntry): Promise<SendAck | null> => {
    this.tried.push(entry.clientId);
    return new Promise((settle) => this.answers.push(settle));
  };
  async answer(ack: SendAck | null): Promise<void> {
    const settle = this.answers.shift();
    assert.ok(settle, "something must be under way");
    settle(ack);
    await new Promise((done) => setImmediate(done));
  }
  fire(): number {
    const timer = this.timers.shift();
    assert.ok(timer, "a timer must be armed");
    timer.task();
    return timer.ms;
  }
}
function entry(clientId: string, recipient = "bob"): OutboxEntry {
  return { clientId, recipient, content: `text of ${clientId}`, createdAt: "2026-01-01T00:00:00.000Z" };
}
function accepted(clientId: string, seq = 1): SendAck {
  const message: Message = { _id: `id-${clientId}`, sender: "me", recipient: "bob", content: "", timestamp: "", status: "sent", seq, clientId };
  return { ok: true, message, status: "sent", online: true, duplicate: false };
}
function refused(code: Failure["code"], retryAfter?: number): SendAck {
  return { ok: false, error: retryAfter === undefined ? { code, message: code } : { code, message: code, retryAfter } };
}

test("a message written while away goes out when the connection is there", async () => {
  const world = new World();
  world.outbox.add(entry("a"));
  assert.deepEqual(world.tried, []);
  world.outbox.connected(world.send);
  await world.answer(accepted("a"));
  assert.equal(world.sent.length, 1);
  assert.equal(world.outbox.size, 0);
  assert.equal(world.store.get(kKey), null);
});

test("one message per recipient is under way at a time, so their order cannot change", async () => {
  const world = new World();
  world.outbox.connected(world.send);
  for (const id of ["a", "b", "c"]) world.outbox.add(entry(id));
  world.outbox.add(entry("x", "carol"));
  assert.deepEqual(world.tried, ["a", "x"]);
  await world.answer(accepted("a"));
  assert.deepEqual(world.tried, ["a", "x", "b"]);
});

test("a lost connection repeats what was under way with the same client id", async () => {
  const world = new World();
  world.outbox.connected(world.send);
  world.outbox.add(entry("a"));
  world.outbox.add(entry("b"));
  world.outbox.disconnected();
  world.outbox.connected(world.send);
  assert.deepEqual(world.tried, ["a", "a"]);
});

test("an answer that arrives after the reconnect counts once", async () => {
  const world = new World();
  world.outbox.connected(world.send);
  world.outbox.add(entry("a"));
  world.outbox.disconnected();
  world.outbox.connected(world.send);
  await world.answer(accepted("a"));
  await world.answer(accepted("a"));
  assert.equal(world.outbox.size, 0);
  assert.ok(world.sent.every((message) => message._id === "id-a"));
});

test("what is not acknowledged survives a reload of the page", () => {
  const world = new World();
  world.outbox.add(entry("a"));
  world.outbox.add(entry("b"));
  const reloaded = new World(world.store);
  assert.deepEqual(reloaded.outbox.pendingFor("bob").map((each) => each.clientId), ["a", "b"]);
});

test("rate_limited waits as long as the server asks and then repeats the same message", async () => {
  const world = new World();
  world.outbox.connected(world.send);
  world.outbox.add(entry("a"));
  world.outbox.add(entry("b"));
  await world.answer(refused("rate_limited", 7));
  assert.deepEqual(world.tried, ["a"]);
  assert.equal(world.fire(), 7000);
  assert.deepEqual(world.tried, ["a", "a"]);
});

test("refusals without a time back off and give up never", async () => {
  const world = new World();
  world.outbox.connected(world.send);
  world.outbox.add(entry("a"));
  const waits: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    await world.answer(round % 2 === 0 ? refused("retry") : null);
    waits.push(world.fire());
  }
  assert.deepEqual(waits.slice(0, 4), [1000, 2000, 4000, 8000]);
  assert.equal(waits[7], 30_000);
  assert.equal(world.outbox.size, 1);
});

test("a hopeless message is shown as failed and lets the next one pass", async () => {
  const world = new World();
  world.outbox.connected(world.send);
  world.outbox.add(entry("a"));
  world.outbox.add(entry("b"));
  await world.answer(refused("not_allowed"));
  assert.deepEqual(world.tried, ["a", "b"]);
  assert.equal(world.outbox.pendingFor("bob")[0]?.failure?.code, "not_allowed");
  await world.answer(accepted("b"));
  world.outbox.retry("a");
  assert.deepEqual(world.tried, ["a", "b", "a"]);
  await world.answer(refused("not_allowed"));
  world.outbox.discard("a");
  assert.equal(world.outbox.size, 0);
});

test("a message found in the history needs no acknowledgement any more", () => {
  const world = new World();
  world.outbox.add(entry("a"));
  const ack = accepted("a");
  assert.ok(ack.ok);
  world.outbox.settle(ack.message);
  assert.equal(world.outbox.size, 0);
});

test("a full outbox refuses, and a damaged one starts empty", () => {
  const world = new World();
  for (let index = 0; index < kOutboxLimit; index += 1) assert.ok(world.outbox.add(entry(`m${index}`)));
  assert.equal(world.outbox.add(entry("one more")), false);
  world.store.set(kKey, "{broken");
  assert.equal(new World(world.store).outbox.size, 0);
});

test("a message that the browser does not store is refused, not kept in memory only", async () => {
  let room = true;
  const memory = memoryStore();
  const world = new World({ ...memory, set: (key, value) => room && memory.set(key, value) });
  assert.equal(world.outbox.add(entry("a")), true);
  world.outbox.connected(world.send);
  room = false;
  assert.equal(world.outbox.add(entry("b")), false);
  assert.deepEqual(world.outbox.pendingFor("bob").map((each) => each.clientId), ["a"]);
  await world.answer(accepted("a"));
  assert.deepEqual(world.tried, ["a"]);
  room = true;
  assert.equal(world.outbox.add(entry("c")), true);
  assert.deepEqual(world.tried, ["a", "c"]);
});
