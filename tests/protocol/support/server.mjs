// Starts one of the echo servers on a free port and stops it again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const binaries = path.resolve(process.env.RESTANTE_BIN ?? path.join(repository, "build/release/bin"));

export const binary = (name) => path.join(binaries, name);

/** The timing that keeps tests of heartbeats short. */
export const quick = { "ping-interval": 300, "ping-timeout": 200, "max-payload": 1000000, "connect-timeout": 1000 };

export class EchoServer {
  static async start(name, flags = quick) {
    const server = new EchoServer();
    const args = Object.entries({ port: 0, ...flags }).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    server.process = spawn(binary(name), args, { stdio: ["ignore", "pipe", "inherit"] });
    server.exited = once(server.process, "exit");
    server.path = flags.path ?? (name === "engineio_echo" ? "/engine.io/" : "/socket.io/");
    server.port = await server.#announcedPort();
    server.url = `http://127.0.0.1:${server.port}`;
    return server;
  }

  #announcedPort() {
    return new Promise((resolve, reject) => {
      let output = "";
      this.process.once("error", reject);
      this.process.once("exit", (code) => reject(new Error(`the server ended with ${code} before it listened`)));
      this.process.stdout.on("data", (chunk) => {
        output += chunk;
        const line = /^listening on http:\/\/.*:(\d+)$/m.exec(output);
        if (line) resolve(Number(line[1]));
      });
    });
  }

  /** The address of the protocol's path with these query parameters. */
  address(query, scheme = "http") {
    return `${scheme}://127.0.0.1:${this.port}${this.path}?${new URLSearchParams(query)}`;
  }

  /** Asks it to end, as an operator would; the exit status. */
  async stop() {
    this.process.kill("SIGTERM");
    const [code] = await this.exited;
    return code;
  }
}
