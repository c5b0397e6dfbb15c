// Everything that the page shows, and how each event changes it. No DOM, no network: the controller feeds it.
import type { Conversation, Friend, Message, RemovedEvent, Request, StatusEvent, User } from "./protocol";
import { Thread, withHigherStatus } from "./thread";

export interface Row {
  readonly peer: User;
  readonly friend: Friend | undefined;
  readonly last: Message | undefined;
  readonly unread: number;
  readonly typing: boolean;
}

export class Model {
  readonly friends = new Map<string, Friend>();
  incoming: readonly Request[] = [];
  outgoing: readonly Request[] = [];
  private readonly peers = new Map<string, User>();
  private readonly lastMessages = new Map<string, Message>();
  private readonly unread = new Map<string, number>();
  /** The server's list counted the unread messages of a peer up to this number. */
  private readonly countedUpTo = new Map<string, number>();
  private readonly threads = new Map<string, Thread>();
  /** Who came or went since the list of friends was asked for. */
  private readonly heard = new Map<string, Pick<Friend, "isOnline" | "lastSeen">>();
  private readonly typists = new Set<string>();

  constructor(readonly me: User) {}

  thread(peer: string): Thread {
    let thread = this.threads.get(peer);
    if (thread === undefined) {
      thread = new Thread(peer);
      this.threads.set(peer, thread);
    }
    return thread;
  }

  peer(id: string): User {
    return this.friends.get(id) ?? this.peers.get(id) ?? { _id: id, username: "…" };
  }
  peerOf(message: Message): string {
    return message.sender === this.me._id ? message.recipient : message.sender;
  }
  unreadOf(peer: string): number {
    return this.unread.get(peer) ?? 0;
  }
  get totalUnread(): number {
    let total = 0;
    for (const count of this.unread.values()) total += count;
    return total;
  }
  isTyping(peer: string): boolean {
    return this.typists.has(peer);
  }
  setTyping(peer: string, typing: boolean): void {
    if (typing) this.typists.add(peer);
    else this.typists.delete(peer);
  }

  /** Conversations by their newest message, then friends without one by name. */
  rows(): Row[] {
    const ids = new Set([...this.lastMessages.keys(), ...this.friends.keys()]);
    const rows = [...ids].map((id) => ({
      peer: this.peer(id),
      friend: this.friends.get(id),
      last: this.lastOf(id),
      unread: this.unreadOf(id),
      typing: this.isTyping(id),
    }));
    return rows.sort((left, right) =>
      (right.last?.timestamp ?? "").localeCompare(left.last?.timestamp ?? "") ||
      left.peer.username.localeCompare(right.peer.username));
  }

  /** From here on, what is heard of somebody is newer than the list that is on its way. */
  askedForFriends(): void {
    this.heard.clear();
  }
  setFriends(friends: readonly Friend[]): void {
    this.friends.clear();
    for (const friend of friends) this.friends.set(friend._id, this.asHeard(friend));
  }
  setConversations(conversations: readonly Conversation[]): void {
    this.unread.clear();
    this.countedUpTo.clear();
    for (const { peer, lastMessage, unread } of conversations) {
      const counted = lastMessage?.seq ?? 0;
      this.peers.set(peer._id, peer);
      this.countedUpTo.set(peer._id, counted);
      // What came while the list was on its way is not in it.
      this.unread.set(peer._id, unread + this.thread(peer._id).incomingAbove(counted));
      if (lastMessage !== null) this.noteLast(peer._id, lastMessage);
    }
  }
  setPresence(userId: string, isOnline: boolean, lastSeen: string | null): void {
    this.heard.set(userId, { isOnline, lastSeen });
    const friend = this.friends.get(userId);
    if (friend !== undefined) this.friends.set(userId, this.asHeard(friend));
  }

  /** True when it is new here and came from the peer. */
  receive(message: Message): boolean {
    const peer = this.peerOf(message);
    const isNew = this.thread(peer).add(message);
    this.noteLast(peer, message);
    const fromPeer = message.sender === peer;
    if (fromPeer) this.setTyping(peer, false);
    if (isNew && fromPeer && message.seq > this.countedOf(peer)) this.unread.set(peer, this.unreadOf(peer) + 1);
    return isNew && fromPeer;
  }
  applyStatus(event: StatusEvent): void {
    this.thread(event.peer).applyStatus(event);
  }
  removed(event: RemovedEvent): void {
    this.thread(event.peer).remove(event);
  }
  /** Everything from the peer up to this number was read, here or on another device. */
  read(peer: string, upTo: number): void {
    const counted = this.countedOf(peer);
    const above = this.thread(peer).incomingAbove(Math.max(upTo, counted));
    // Of what the list counted, not everything may have come here yet: more than this cannot be left.
    this.unread.set(peer, upTo >= counted ? above : Math.min(this.unreadOf(peer), above + counted - upTo));
  }

  private asHeard(friend: Friend): Friend {
    const heard = this.heard.get(friend._id);
    return heard === undefined ? friend : { ...friend, isOnline: heard.isOnline, lastSeen: heard.lastSeen ?? friend.lastSeen };
  }
  private countedOf(peer: string): number {
    return this.countedUpTo.get(peer) ?? 0;
  }
  /** With the status that the thread knows of: the list it came in may be older than what was heard since. */
  private lastOf(peer: string): Message | undefined {
    const last = this.lastMessages.get(peer);
    return last?.sender === this.me._id ? { ...last, status: this.thread(peer).statusOf(last) } : last;
  }
  private noteLast(peer: string, message: Message): void {
    const known = this.lastMessages.get(peer);
    if (known === undefined || known.seq <= message.seq) this.lastMessages.set(peer, withHigherStatus(message, known));
  }
}
