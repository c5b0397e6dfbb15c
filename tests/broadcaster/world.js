// A cluster for tests: a Redis of its own, our server and a Node.js server, and clients on both.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { io } from "socket.io-client";

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binaries = path.resolve(process.env.RESTANTE_BIN ?? path.join(repository, "build/release/bin"));
const patience = 20_000 * Number(process.env.RESTANTE_SLOW ?? 1);

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
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
  static async start() {
    const server = new RedisServer();
    server.port = await freePort();
    server.folder = await mkdtemp(path.join(os.tmpdir(), "restante-redis-"));
    await server.run();
    return server;
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  async run() {
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.folder];
    this.process = spawn("redis-server", args, { stdio: "ignore" });
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
    const client = new Redis(this.port, "127.0.0.1", { maxRetriesPerRequest: null, ...options });
    client.on("error", () => {}); // a test may end Redis under it
    return client;
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

/** Our server. */
export class OurServer {
  static async start(redis) {
    const server = new OurServer();
    const args = ["--port", "0", "--redis", redis.url];
    server.process = spawn(path.join(binaries, "cluster_chat"), args, { stdio: ["ignore", "pipe", "ignore"] });
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
  static async start(redis) {
    const server = new NodeServer();
    server.clients = [redis.client(), redis.client()];
    server.http = createServer().listen(0, "127.0.0.1");
    await once(server.http, "listening");
    server.url = `http://127.0.0.1:${server.http.address().port}`;
    server.io = new Server(server.http, { adapter: createAdapter(...server.clients) });
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
  const client = io(server.url + space, { transports: ["websocket"], forceNew: true });
  client.heard = [];
  client.onAny((...event) => client.heard.push(event));
  await once(client, "connect");
  return client;
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
