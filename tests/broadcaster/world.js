// A cluster for tests: a Redis of its own, our server and a Node.js server, and clients on both.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import ports from "../integration/ports.js";

export const { freePort } = ports;

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binaries = path.resolve(process.env.RESTANTE_BIN ?? path.join(repository, "build/release/bin"));
const slower = Number(process.env.RESTANTE_SLOW ?? 1);
const patience = 20_000 * slower;

/** Whatever a failed test leaves behind ends with this process. */
const started = new Set();
const folders = new Set();
process.on("exit", () => {
  for (const child of started) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Clients come back for as long as they are let: those of a failed test would keep this process for ever. */
const clients = new Set();
after(() => clients.forEach((client) => client.disconnect()));

function keep(client) {
  clients.add(client);
  return client;
}

function start(program, args, output) {
  const child = spawn(program, args, { stdio: ["ignore", output, "ignore"] });
  started.add(child);
  child.once("exit", () => started.delete(child));
  return child;
}

/** Waits until `check` gives something true, and returns it; errors of it count as "not yet". */
export async function eventually(what, check) {
  const deadline = Date.now() + patience;
  let last;
  while (Date.now() < deadline) {
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`in vain: ${what}${last ? ` (${last.message})` : ""}`);
}

export class RedisServer {
  static async start(flags = []) {
    const server = new RedisServer();
    server.port = await freePort();
    server.folder = await mkdtemp(path.join(os.tmpdir(), "restante-redis-"));
    folders.add(server.folder);
    server.flags = flags;
    await server.run();
    return server;
  }

  /** Speaks TLS on another port too, and knows the user `node` with the password `s3cret` only from there on. */
  async secure() {
    this.tlsPort = await freePort();
    this.ca = path.join(this.folder, "certificate.pem");
    const key = path.join(this.folder, "key.pem");
    const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
    const alternative = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    execFileSync("openssl", [...request.split(" "), ...alternative, "-keyout", key, "-out", this.ca], { stdio: "ignore" });
    await this.kill();
    const tls = ["--tls-port", String(this.tlsPort), "--tls-cert-file", this.ca, "--tls-key-file", key, "--tls-auth-clients", "no"];
    this.flags = [...tls, "--user", ..."node on >s3cret ~* &* +@all".split(" ")];
    await this.run();
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  get secureUrl() {
    return `rediss://node:s3cret@localhost:${this.tlsPort}/1`;
  }

  async run() {
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.folder, ...this.flags];
    this.process = start("redis-server", args, "ignore");
    this.exited = once(this.process, "exit");
    await eventually("Redis listens", async () => {
      const client = this.client({ retryStrategy: () => null });
      try {
        return (await client.ping()) === "PONG";
      } finally {
        client.disconnect();
      }
    });
  }

  client(options = {}) {
    const client = keep(new Redis(this.port, "127.0.0.1", { maxRetriesPerRequest: null, ...options }));
    client.on("error", () => {}); // a test may end Redis under it
    return client;
  }

  /** Tells what Redis is asked for; disconnected by whoever calls. */
  async monitor() {
    const client = this.client();
    const monitor = keep(await client.monitor());
    monitor.on("error", () => {});
    client.disconnect();
    return monitor;
  }

  async kill() {
    this.process.kill("SIGKILL");
    await this.exited;
  }

  async stop() {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Watches over a master, and makes a replica the master when it has to. */
export class Sentinel {
  static group = "the group";

  static async start(master, port = undefined) {
    const sentinel = new Sentinel();
    sentinel.port = port ?? (await freePort());
    sentinel.folder = await mkdtemp(path.join(os.tmpdir(), "restante-sentinel-"));
    folders.add(sentinel.folder);
    const file = path.join(sentinel.folder, "sentinel.conf");
    const group = JSON.stringify(Sentinel.group);
    const settings = [
      `port ${sentinel.port}`, "bind 127.0.0.1", "protected-mode no", `dir ${sentinel.folder}`, `sentinel monitor ${group} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${group} ${1000 * slower}`, `sentinel failover-timeout ${group} ${2000 * slower}`,
    ];
    await writeFile(file, settings.join("\n"));
    sentinel.process = start("redis-server", [file, "--sentinel"], "ignore");
    sentinel.exited = once(sentinel.process, "exit");
    sentinel.client = keep(new Redis(sentinel.port, "127.0.0.1", { maxRetriesPerRequest: null }));
    sentinel.client.on("error", () => {});
    await eventually("Sentinel listens", async () => (await sentinel.client.ping()) === "PONG");
    return sentinel;
  }

  async master() {
    return Number((await this.client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Sentinel.group))[1]);
  }

  async replicas() {
    const replicas = await this.client.call("SENTINEL", "REPLICAS", Sentinel.group);
    return replicas.map((pairs) => Object.fromEntries(pairs.flatMap((key, i) => (i % 2 ? [] : [[key, pairs[i + 1]]]))));
  }

  async stop() {
    this.client.disconnect();
    this.process.kill("SIGKILL");
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Our server. */
export class OurServer {
  static async start(redis, url = redis.url, flags = []) {
    const server = new OurServer();
    const args = ["--port", "0", "--redis", url, ...flags];
    server.process = start(path.join(binaries, "cluster_chat"), args, "pipe");
    server.exited = once(server.process, "exit");
    let output = "";
    server.process.stdout.on("data", (chunk) => (output += chunk));
    server.url = await eventually("our server listens", () => /^listening on (\S+)$/m.exec(output)?.[1]);
    return server;
  }

  /** The exit status. */
  async stop() {
    this.process.kill("SIGTERM");
    const [code, signal] = await this.exited;
    return signal ?? code;
  }
}

/** A server of the reference implementation. */
export class NodeServer {
  /** `subscriptionMode`: of the sharded protocol; without it the classic one. */
  static async start(redis, subscriptionMode = undefined) {
    const server = new NodeServer();
    server.clients = [redis.client(), redis.client()];
    server.http = createServer().listen(0, "127.0.0.1");
    await once(server.http, "listening");
    server.url = `http://127.0.0.1:${server.http.address().port}`;
    const adapter = subscriptionMode ? createShardedAdapter(...server.clients, { subscriptionMode }) : createAdapter(...server.clients);
    server.io = new Server(server.http, { adapter });
    for (const space of [server.io.of("/"), server.io.of("/side")]) {
      space.on("connection", (socket) => {
        socket.on("join", async (room, done) => {
          await socket.join(room);
          done();
        });
      });
    }
    return server;
  }

  async stop() {
    await this.io.close();
    for (const client of this.clients) client.disconnect();
  }
}

/** A client; what it hears of the cluster is kept in `heard`. */
export async function connect(server, space = "") {
  const client = keep(io(server.url + space, { transports: ["websocket"], forceNew: true }));
  client.heard = [];
  client.onAny((...event) => client.heard.push(event));
  await once(client, "connect");
  return client;
}

/** So many servers listen to a channel of the sharded protocol. */
export async function listening(redis, channel, servers) {
  const client = redis.client();
  try {
    await eventually(`${servers} × ${channel}`, async () => (await client.pubsub("SHARDNUMSUB", channel))[1] === servers);
  } finally {
    client.disconnect();
  }
}

/** The same as together(), of the sharded protocol. */
export async function shardedTogether(redis, servers = 2) {
  for (const space of ["/", "/side"]) await listening(redis, `socket.io#${space}#`, servers);
}

/** Both servers listen on the channels of all namespaces. */
export async function together(redis, servers = 2) {
  const client = redis.client();
  try {
    await eventually("all servers are subscribed", async () => {
      const counts = await client.pubsub("NUMSUB", "socket.io-request#/#", "socket.io-request#/side#");
      const patterns = await client.pubsub("NUMPAT");
      return counts[1] === servers && counts[3] === servers && patterns >= 2;
    });
  } finally {
    client.disconnect();
  }
}
