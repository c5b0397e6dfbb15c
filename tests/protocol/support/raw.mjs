// Clients without a library: what goes over the wire is what the test wrote.

import assert from "node:assert/strict";
import net from "node:net";
import WebSocket from "ws";

export const separator = "\x1e";

/** One HTTP long-polling session. */
export class Polling {
  constructor(server) {
    this.server = server;
  }

  static async open(server) {
    const session = new Polling(server);
    const response = await fetch(server.address({ EIO: "4", transport: "polling" }));
    assert.equal(response.status, 200);
    const body = await response.text();
    assert.equal(body[0], "0");
    session.handshake = JSON.parse(body.slice(1));
    session.sid = session.handshake.sid;
    return session;
  }

  get address() {
    return this.server.address({ EIO: "4", transport: "polling", sid: this.sid });
  }
  get(options = {}) {
    return fetch(this.address, options);
  }
  /** The packets of one poll. */
  async poll() {
    const response = await this.get();
    assert.equal(response.status, 200);
    return (await response.text()).split(separator);
  }
  /** Polls until `count` packets other than pings came; answers the pings. */
  async packets(count) {
    const found = [];
    while (found.length < count) {
      for (const packet of await this.poll()) {
        if (packet === "2") await this.post("3");
        else found.push(packet);
      }
    }
    return found;
  }
  post(body, options = {}) {
    return fetch(this.address, { method: "POST", body, ...options });
  }
}

/** A WebSocket whose messages are taken one by one. Pings are answered and not shown unless `pings` is set. */
export class Socket {
  #queue = [];
  #waiting = [];
  #end;

  constructor(address, { pings = false, ...options } = {}) {
    this.closed = new Promise((resolve) => (this.#end = resolve));
    this.ws = new WebSocket(address, options);
    this.opened = new Promise((resolve, reject) => {
      this.ws.once("open", resolve);
      this.ws.once("error", reject);
    });
    this.opened.catch(() => {});
    this.ws.on("error", () => {});
    this.ws.on("close", (code) => {
      this.#end(code);
      for (const waiting of this.#waiting.splice(0)) waiting.reject(new Error(`closed with ${code}`));
    });
    this.ws.on("message", (data, binary) => {
      const message = binary ? data : data.toString();
      if (!pings && message === "2") return this.ws.send("3");
      const waiting = this.#waiting.shift();
      if (waiting) waiting.resolve(message);
      else this.#queue.push(message);
    });
  }

  /** A session that starts as WebSocket; its handshake is read. */
  static async open(server, options) {
    const socket = new Socket(server.address({ EIO: "4", transport: "websocket" }, "ws"), options);
    await socket.opened;
    const first = await socket.next();
    assert.equal(first[0], "0");
    socket.handshake = JSON.parse(first.slice(1));
    return socket;
  }

  /** A session with the main namespace joined. */
  static async join(server, options) {
    const socket = await Socket.open(server, options);
    socket.send("40");
    assert.match(await socket.next(), /^40\{"sid":"[\w-]{20}"\}$/);
    await socket.next(); // the echo server's greeting
    return socket;
  }

  send(message) {
    this.ws.send(message);
  }
  next() {
    if (this.#queue.length > 0) return Promise.resolve(this.#queue.shift());
    if (this.ws.readyState === WebSocket.CLOSED) return Promise.reject(new Error("closed"));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
  /** How many messages wait unread. */
  get pending() {
    return this.#queue.length;
  }
  end() {
    this.ws.terminate();
  }
}

/** Sends bytes, returns all that came back until the peer closed, or went silent for `quiet` milliseconds. */
export function exchange(port, bytes, quiet = 300) {
  return new Promise((resolve, reject) => {
    let answer = "";
    const connection = net.connect(port, "127.0.0.1", () => connection.write(bytes));
    connection.setTimeout(quiet, () => connection.destroy());
    connection.on("data", (chunk) => (answer += chunk.toString("latin1")));
    connection.on("error", (error) => (error.code === "ECONNRESET" ? resolve(answer) : reject(error)));
    connection.on("close", () => resolve(answer));
  });
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Fails when `promise` does not settle in time. */
export function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing happened within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
