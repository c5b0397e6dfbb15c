// The one Socket.IO connection of this tab. It comes back by itself with a fresh token, except when the server said
// that the session is over.
import { io, type Socket } from "socket.io-client";
import type { Api } from "./api";
import type { OutboxEntry } from "./outbox";
import type { ClientEvents, EndReason, ErrorCode, PlainAck, SendAck, ServerEvents } from "./protocol";

/** A send without an answer for this long is repeated; the server answers a repeat from its store. */
const kAckTimeoutMs = 20_000;
const kFirstRetryMs = 1_000;
const kLongestRetryMs = 30_000;

export type ConnectionState = "connecting" | "ready" | "lost";
export type EventHandlers = Omit<ServerEvents, "session_expired">;
export interface ConnectionListener {
  stateChanged(state: ConnectionState): void;
  /** The connection is over and does not come back by itself. */
  ended(reason: EndReason): void;
}

interface Refusal {
  readonly code: ErrorCode;
  readonly reason?: "expired" | "revoked" | "invalid";
  readonly retryAfter?: number;
}
function refusalOf(error: Error): Refusal | null {
  const data: unknown = "data" in error ? error.data : undefined;
  return typeof data === "object" && data !== null && "code" in data ? (data as Refusal) : null;
}

export class Connection {
  private readonly socket: Socket<ServerEvents, ClientEvents>;
  private retries = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly api: Api, handlers: EventHandlers, private readonly listener: ConnectionListener) {
    this.socket = io({
      autoConnect: false,
      forceNew: true,
      auth: (give: (payload: object) => void) => void this.credentials().then(give),
    });
    this.route(handlers);
  }

  open(): void {
    this.listener.stateChanged("connecting");
    this.socket.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
    this.socket.off();
    this.socket.io.off();
    this.socket.disconnect();
  }

  /** The browser says that the network is back: do not sit out the pause between attempts. */
  hurry(): void {
    if (!this.closed && !this.socket.connected) this.socket.disconnect().connect();
  }

  send(entry: OutboxEntry): Promise<SendAck | null> {
    const { recipient, content, clientId } = entry;
    return new Promise((settle) => {
      this.socket.timeout(kAckTimeoutMs).emit("send_message", { recipient, content, clientId },
        (error: Error | null, answer: SendAck) => settle(error === null ? answer : null));
    });
  }

  /** True when the server took it. */
  markRead(peer: string, upTo: number): Promise<boolean> {
    return new Promise((settle) => {
      this.socket.timeout(kAckTimeoutMs).emit("mark_read", { peer, upTo },
        (error: Error | null, answer: PlainAck) => settle(error === null && answer.ok));
    });
  }

  typing(recipient: string, typing: boolean): void {
    if (this.socket.connected) this.socket.volatile.emit("typing", { recipient, typing });
  }

  private async credentials(): Promise<object> {
    const token = (await this.api.freshToken()) ?? this.api.session()?.accessToken ?? "";
    return { token };
  }

  private route(handlers: EventHandlers): void {
    const { socket, listener } = this;
    socket.on("ready", (event) => {
      this.retries = 0;
      handlers.ready(event);
      listener.stateChanged("ready");
    });
    socket.on("drained", (event) => handlers.drained(event));
    socket.on("receive_message", (message, stored) => handlers.receive_message(message, stored));
    socket.on("message_status", (event, stored) => handlers.message_status(event, stored));
    socket.on("message_removed", (event, stored) => handlers.message_removed(event, stored));
    socket.on("conversation_read", (event, stored) => handlers.conversation_read(event, stored));
    socket.on("user_online", (event) => handlers.user_online(event));
    socket.on("user_offline", (event) => handlers.user_offline(event));
    socket.on("friend_request", (event, stored) => handlers.friend_request(event, stored));
    socket.on("friend_accepted", (event, stored) => handlers.friend_accepted(event, stored));
    socket.on("friend_removed", (event, stored) => handlers.friend_removed(event, stored));
    socket.on("typing", (event) => handlers.typing(event));
    socket.on("session_expired", ({ reason }) => {
      this.close();
      listener.ended(reason);
    });
    socket.on("disconnect", (reason) => {
      listener.stateChanged("lost");
      if (reason === "io server disconnect") this.retryLater();
    });
    socket.on("connect_error", (error) => {
      listener.stateChanged("lost");
      const refusal = refusalOf(error);
      // Without a refusal it is the network, and the client tries again by itself.
      if (refusal !== null) void this.refused(refusal);
    });
  }

  private async refused(refusal: Refusal): Promise<void> {
    if (refusal.code === "unauthorized") {
      const session = this.api.session();
      // A login that cannot be renewed is forgotten by the API, which then shows the log-in page.
      if (session === null) return;
      await this.api.renew(session.refreshToken);
    }
    this.retryLater(refusal.retryAfter);
  }

  private retryLater(retryAfterSeconds?: number): void {
    if (this.closed) return;
    const backoff = Math.min(kFirstRetryMs * 2 ** this.retries, kLongestRetryMs);
    this.retries += 1;
    clearTimeout(this.retryTimer);
    const wait = retryAfterSeconds === undefined ? backoff * (0.5 + Math.random() / 2) : retryAfterSeconds * 1000;
    this.retryTimer = setTimeout(() => this.socket.connect(), wait);
  }
}
