// Messages that were written but not yet acknowledged. Each keeps the client id it was born with, so sending it again
// after a lost answer is the same message. One send per recipient is under way at a time: their order never changes.
import type { Failure, Message, SendAck } from "./protocol";
import type { TextStore } from "./storage";

export interface OutboxEntry {
  readonly clientId: string;
  readonly recipient: string;
  readonly content: string;
  readonly createdAt: string;
  /** Set when the server said that trying again cannot help. */
  readonly failure?: Failure;
}
/** Sends one message; null means: no answer came, the outcome is unknown. */
export type Send = (entry: OutboxEntry) => Promise<SendAck | null>;
export interface OutboxListener {
  changed(): void;
  sent(message: Message): void;
}
export interface Timer {
  after(milliseconds: number, task: () => void): void;
}

const kFirstRetryMs = 1_000;
const kLongestRetryMs = 30_000;
/** Enough for a long flight; a fuller outbox refuses instead of filling the browser's storage. */
export const kOutboxLimit = 1_000;

const kHopeless = new Set(["invalid", "not_allowed", "conflict", "too_large", "not_found"]);

function isEntry(value: unknown): value is OutboxEntry {
  if (typeof value !== "object" || value === null) return false;
  const entry = value as Record<string, unknown>;
  return typeof entry.clientId === "string" && typeof entry.recipient === "string" &&
    typeof entry.content === "string" && typeof entry.createdAt === "string";
}

export class Outbox {
  private entries: OutboxEntry[];
  private readonly busy = new Set<string>();
  private readonly failures = new Map<string, number>();
  private send: Send | null = null;
  private generation = 0;

  constructor(
    private readonly key: string,
    private readonly store: TextStore,
    private readonly timer: Timer,
    private readonly listener: OutboxListener,
  ) {
    this.entries = Outbox.load(store, key);
  }

  pendingFor(recipient: string): readonly OutboxEntry[] {
    return this.entries.filter((entry) => entry.recipient === recipient);
  }
  get size(): number {
    return this.entries.length;
  }

  /** False when the outbox is full, or the browser does not store it: then the message is not in it. */
  add(entry: OutboxEntry): boolean {
    const entries = [...this.entries, entry];
    if (entries.length > kOutboxLimit || !this.store.set(this.key, JSON.stringify(entries))) return false;
    this.entries = entries;
    this.listener.changed();
    this.pump(entry.recipient);
    return true;
  }

  /** The connection is up: everything that is not acknowledged goes out (again). */
  connected(send: Send): void {
    this.send = send;
    this.generation += 1;
    this.busy.clear();
    this.failures.clear();
    for (const recipient of new Set(this.entries.map((entry) => entry.recipient))) this.pump(recipient);
  }

  /** The connection is gone; what was under way has an unknown outcome and waits for the next one. */
  disconnected(): void {
    this.send = null;
    this.generation += 1;
    this.busy.clear();
  }

  retry(clientId: string): void {
    const index = this.entries.findIndex((entry) => entry.clientId === clientId);
    const entry = this.entries[index];
    if (entry === undefined) return;
    const { failure: _failure, ...fresh } = entry;
    this.entries[index] = fresh;
    this.save();
    this.pump(entry.recipient);
  }

  discard(clientId: string): void {
    this.remove(clientId);
  }

  /** The message was seen in the history: the answer got lost, the message did not. */
  settle(message: Message): void {
    if (message.clientId !== undefined) this.remove(message.clientId);
  }

  private remove(clientId: string): void {
    const left = this.entries.filter((entry) => entry.clientId !== clientId);
    if (left.length === this.entries.length) return;
    this.entries = left;
    this.save();
  }

  private pump(recipient: string): void {
    const send = this.send;
    if (send === null || this.busy.has(recipient)) return;
    const entry = this.entries.find((each) => each.recipient === recipient && each.failure === undefined);
    if (entry === undefined) return;
    this.busy.add(recipient);
    const generation = this.generation;
    void send(entry).then((answer) => {
      if (generation === this.generation) this.answered(entry, answer);
      else if (answer?.ok === true) this.accept(entry, answer.message);
    });
  }

  private answered(entry: OutboxEntry, answer: SendAck | null): void {
    if (answer === null) return this.pause(entry.recipient);
    if (answer.ok) {
      this.accept(entry, answer.message);
    } else if (kHopeless.has(answer.error.code)) {
      this.entries = this.entries.map((each) =>
        each.clientId === entry.clientId ? { ...each, failure: answer.error } : each);
      this.save();
    } else {
      return this.pause(entry.recipient, answer.error.retryAfter);
    }
    this.failures.delete(entry.recipient);
    this.busy.delete(entry.recipient);
    this.pump(entry.recipient);
  }

  private accept(entry: OutboxEntry, message: Message): void {
    this.entries = this.entries.filter((each) => each.clientId !== entry.clientId);
    // The message first, then the shorter outbox: there is no moment at which it is in neither.
    this.listener.sent(message);
    this.save();
  }

  private pause(recipient: string, retryAfterSeconds?: number): void {
    const failures = this.failures.get(recipient) ?? 0;
    this.failures.set(recipient, failures + 1);
    const backoff = Math.min(kFirstRetryMs * 2 ** failures, kLongestRetryMs);
    const wait = retryAfterSeconds === undefined ? backoff : retryAfterSeconds * 1000;
    const generation = this.generation;
    this.timer.after(wait, () => {
      if (generation !== this.generation) return;
      this.busy.delete(recipient);
      this.pump(recipient);
    });
  }

  private save(): void {
    if (this.entries.length === 0) this.store.remove(this.key);
    else this.store.set(this.key, JSON.stringify(this.entries));
    this.listener.changed();
  }

  private static load(store: TextStore, key: string): OutboxEntry[] {
    try {
      const value: unknown = JSON.parse(store.get(key) ?? "[]");
      return Array.isArray(value) ? value.filter(isEntry) : [];
    } catch {
      return [];
    }
  }
}
