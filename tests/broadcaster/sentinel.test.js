// Our server finds its Redis through a real Sentinel, and the next one after a switch and after a death.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "@socket.io/redis-emitter";
import { connect, eventually, freePort, OurServer, RedisServer, Sentinel } from "./world.js";

/** The client hears what is published on this Redis: both connections of our server go there. */
async function serves(redis, client) {
  const publisher = redis.client();
  const emitter = new Emitter(publisher);
  const mark = `from ${redis.port}, ${Math.random()}`;
  try {
    await eventually(`our server listens to ${redis.port}`, () => {
      emitter.emit("mark", mark);
      return client.heard.some(([event, value]) => event === "mark" && value === mark);
    });
    const listener = redis.client();
    const heard = new Promise((resolve) => listener.once("pmessage", resolve));
    await listener.psubscribe("socket.io#/#*");
    await eventually("our server publishes there", () => {
      client.emit("shout", mark);
      return Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 20))]);
    });
    listener.disconnect();
  } finally {
    publisher.disconnect();
  }
}

/** A master, its replica in step, and a Sentinel that knows both; our server and a client of it. */
async function withGroup(run) {
  const first = await RedisServer.start();
  const second = await RedisServer.start(["--replicaof", "127.0.0.1", String(first.port)]);
  const replica = second.client();
  await eventually("the replica is in step", async () => (await replica.info("replication")).includes("master_link_status:up"));
  replica.disconnect();
  const sentinel = await Sentinel.start(first);
  const nobody = await freePort(); // a Sentinel that is down is passed over
  const url = `redis+sentinel://127.0.0.1:${nobody},127.0.0.1:${sentinel.port}/${encodeURIComponent(Sentinel.group)}`;
  const ours = await OurServer.start(first, url);
  const client = await connect(ours);
  try {
    await serves(first, client);
    await eventually("Sentinel has a replica to choose", async () =>
      (await sentinel.replicas()).some((known) => known.flags === "slave" && known["master-link-status"] === "ok"));
    await run({ first, second, sentinel });
    await eventually("the second one is the master", async () => (await sentinel.master()) === second.port);
    await serves(second, client);
  } finally {
    client.disconnect();
    const status = await ours.stop();
    await sentinel.stop();
    await second.stop();
    await first.stop();
    assert.equal(status, 0);
  }
}

test("the master is asked for, and left for another one when Sentinel switches", () =>
  withGroup(({ sentinel }) =>
    eventually("a failover is begun", async () => (await sentinel.client.call("SENTINEL", "FAILOVER", Sentinel.group)) === "OK")));

test("after the death of the master the next one is used", () => withGroup(({ first }) => first.kill()));

test("a Sentinel that comes later is found", async () => {
  const redis = await RedisServer.start();
  const port = await freePort();
  const ours = await OurServer.start(redis, `redis+sentinel://127.0.0.1:${port}/${encodeURIComponent(Sentinel.group)}`);
  const client = await connect(ours);
  let sentinel;
  try {
    assert.equal((await client.emitWithAck("who")).length, 1);
    sentinel = await Sentinel.start(redis, port);
    await serves(redis, client);
  } finally {
    client.disconnect();
    const status = await ours.stop();
    await sentinel?.stop();
    await redis.stop();
    assert.equal(status, 0);
  }
});
