// One conversation as this page knows it: messages in the order of their numbers, each once, and the watermarks from
// which the ticks follow. Pure: no clock, no network, no DOM.
import type { Message, MessageStatus, RemovedEvent, StatusEvent } from "./protocol";

/** Messages of a conversation are numbered from here, without holes. */
const kFirstNumber = 1;

export class Thread {
  private readonly byId = new Map<string, Message>();
  private ordered: Message[] = [];
  private deliveredUpTo = 0;
  private readUpTo = 0;
  /** Ids of own messages that were said to have failed, known here or not. */
  private readonly failed = new Set<string>();
  /** `before` of the next older page; undefined when the beginning is reached, null when no page was read yet. */
  private older: number | undefined | null = null;

  constructor(readonly peer: string) {}

  messages(): readonly Message[] {
    return this.ordered;
  }
  last(): Message | undefined {
    return this.ordered[this.ordered.length - 1];
  }
  get hasHistory(): boolean {
    return this.older !== null;
  }
  get nextBefore(): number | undefined {
    return this.older ?? undefined;
  }

  /** True when the message was not known yet. One from before the pages that were read is left to the pages. */
  add(message: Message): boolean {
    if (typeof this.older === "number" && message.seq < this.older) return false;
    const isNew = !this.byId.has(message._id);
    this.put(message);
    return isNew;
  }

  /**
   * The newest page. What is known and joins it without a gap stays, so that nothing vanishes under the reader; what
   * lies before a gap goes: the older pages can be read again.
   */
  addNewest(messages: readonly Message[], next: number | undefined): void {
    const lowest = messages.reduce((low, message) => Math.min(low, message.seq), Infinity);
    const below = messages.length === 0 ? [] : this.ordered.filter((message) => message.seq < lowest);
    let start = lowest;
    while (below[below.length - 1]?.seq === start - 1) {
      below.pop();
      start -= 1;
    }
    for (const message of below) this.byId.delete(message._id);
    const knowsBeginning = this.older === undefined && below.length === 0 && start < lowest;
    if (start === lowest) this.older = this.older === null || messages.length > 0 ? next : this.older;
    else if (!knowsBeginning) this.older = start > kFirstNumber ? start : undefined;
    for (const message of messages) this.byId.set(message._id, this.newer(message));
    this.sort();
  }

  /** The page that was asked for with `before`; what is known may have begun elsewhere since: then it does not fit. */
  addOlder(before: number, messages: readonly Message[], next: number | undefined): void {
    if (before !== this.older) return;
    for (const message of messages) this.byId.set(message._id, this.newer(message));
    // A page that leads no further back must not be read for ever.
    this.older = next !== undefined && next < before ? next : undefined;
    this.sort();
  }

  applyStatus(event: StatusEvent): void {
    if (event.status === "failed") {
      this.failed.add(event.messageId);
    } else if (event.status === "read") {
      this.readUpTo = Math.max(this.readUpTo, event.upTo);
    } else {
      this.deliveredUpTo = Math.max(this.deliveredUpTo, event.upTo);
    }
  }

  /** A message that can no longer be shown leaves a named gap. */
  remove(event: RemovedEvent): void {
    const message = this.byId.get(event._id);
    if (message !== undefined) this.put({ ...message, status: "failed", content: "" });
  }

  /** What the ticks of an own message say: never less than was once known. */
  statusOf(message: Message): MessageStatus {
    if (message.status === "failed" || this.failed.has(message._id)) return "failed";
    if (message.status === "read") return "read";
    if (message.seq <= this.readUpTo) return "read";
    if (message.status === "delivered" || message.seq <= this.deliveredUpTo) return "delivered";
    return message.status;
  }

  /** The number of the newest message from the peer, 0 when there is none. */
  newestIncoming(): number {
    for (let index = this.ordered.length - 1; index >= 0; index -= 1) {
      const message = this.ordered[index];
      if (message !== undefined && message.sender === this.peer) return message.seq;
    }
    return 0;
  }

  incomingAbove(seq: number): number {
    return this.ordered.filter((message) => message.sender === this.peer && message.seq > seq).length;
  }

  private put(message: Message): void {
    this.byId.set(message._id, this.newer(message));
    this.sort();
  }

  private newer(message: Message): Message {
    return withHigherStatus(message, this.byId.get(message._id));
  }

  private sort(): void {
    this.ordered = [...this.byId.values()].sort((left, right) => left.seq - right.seq);
  }
}

/** The message, with the status of what was known of it where that is the higher one. */
export function withHigherStatus(message: Message, known: Message | undefined): Message {
  const higher = known?._id === message._id && rank(known.status) > rank(message.status);
  return higher ? { ...message, status: known.status } : message;
}

function rank(status: MessageStatus): number {
  return ["sent", "delivered", "read", "failed"].indexOf(status);
}
