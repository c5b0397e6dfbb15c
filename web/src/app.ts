// The controller: connects API, connection, outbox and model, and tells the views that something changed.
import { Api, browserExclusive } from "./api";
import { Connection, type ConnectionState } from "./connection";
import { Model } from "./model";
import { Notifications } from "./notifications";
import { OlderPages } from "./older_pages";
import { Outbox } from "./outbox";
import type { EndReason, Failure, Result, Session, User } from "./protocol";
import { browserPush, clearShown, onNotificationClick } from "./push_browser";
import { browserStore, kSessionKey, randomId } from "./storage";
import { browserChannel, TabClaim } from "./tabs";
import { peerOf } from "./worker_message";

const kPageSize = 50;
const kTypingShownMs = 6_000;
const kTypingEveryMs = 2_500;
const kTypingStopsMs = 4_000;
/** A connection that is back within this time is not worth a banner. */
const kBannerDelayMs = 800;

export type Screen = "starting" | "entry" | "elsewhere" | "chat";
export type Pane = "chats" | "people" | "settings";

const kEndTexts: Record<Exclude<EndReason, "replaced" | "logout">, string> = {
  revoked: "This session was ended from another device.",
  password_changed: "The password was changed. Please log in again.",
  device_removed: "This device was removed from the account.",
  banned: "This account was closed.",
};

export class App {
  readonly api = new Api(browserStore, browserExclusive(), (url, init) => fetch(url, init));
  readonly olderPages = new OlderPages((peer, before) => this.api.history(peer, kPageSize, before), () => this.changed());
  readonly notifications = new Notifications(this.api, browserPush(), browserStore, () => this.changed());
  screen: Screen = "starting";
  pane: Pane = "chats";
  notice = "";
  openPeer: string | null = null;
  banner = false;
  model: Model | null = null;
  outbox: Outbox | null = null;
  private connection: Connection | null = null;
  private state: ConnectionState = "connecting";
  private bannerTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly typingTimers = new Map<string, ReturnType<typeof setTimeout>>();
  private typedAt = 0;
  private typedStop: ReturnType<typeof setTimeout> | undefined;
  private readonly marked = new Map<string, number>();
  private readonly tab = new TabClaim(browserChannel(), randomId(), (ms) => new Promise((done) => setTimeout(done, ms)));
  private scheduled = false;
  private listsWanted = false;
  private readingLists: Promise<void> | null = null;

  constructor(private readonly render: () => void) {
    this.api.onLoggedOut = () => this.leave("Your login is no longer valid. Please log in again.");
    this.tab.onTaken = () => this.moveElsewhere();
  }

  async start(): Promise<void> {
    window.addEventListener("online", () => this.connection?.hurry());
    document.addEventListener("visibilitychange", () => {
      this.markVisible();
      clearShown();
    });
    onNotificationClick((peer) => this.openFromOutside(peer));
    window.addEventListener("storage", (event) => {
      if (event.key === kSessionKey && event.newValue === null && this.screen !== "entry") this.leave("");
      if (event.key === kSessionKey && event.newValue !== null && this.screen === "entry") void this.enter();
    });
    await this.enter();
  }

  // ---- entering and leaving

  private async enter(): Promise<void> {
    if (this.api.session() === null) {
      this.screen = "entry";
    } else if (await this.tab.claim()) {
      this.begin();
    } else {
      this.screen = "elsewhere";
    }
    this.changed();
  }

  async entered(answer: Result<Session>): Promise<Failure | null> {
    if (!answer.ok) return answer.error;
    this.notice = "";
    await this.enter();
    return null;
  }

  useHere(): void {
    if (this.api.session() === null) return this.leave("");
    this.tab.take();
    this.begin();
    this.changed();
  }

  async logOut(): Promise<void> {
    this.end();
    await this.api.logOut(); // the server forgets the address with the login
    this.leave("");
  }

  private begin(): void {
    const session = this.api.session();
    if (session === null) return;
    this.end();
    this.screen = "chat";
    this.pane = "chats";
    const model = new Model(session.user);
    const timer = { after: (ms: number, task: () => void) => void setTimeout(task, ms) };
    this.model = model;
    this.outbox = new Outbox(`restante.outbox.${session.user._id}`, browserStore, timer, {
      changed: () => this.changed(),
      sent: (message) => void model.receive(message),
    });
    const connection = this.connect(model);
    this.connection = connection;
    connection.open();
    void this.notifications.begin();
    clearShown();
    this.openFromOutside(peerOf(location.hash));
  }

  private end(): void {
    this.connection?.close();
    this.connection = null;
    this.outbox?.disconnected();
    this.outbox = null;
    this.model = null;
    this.readingLists = null;
    this.openPeer = null;
    this.marked.clear();
    clearTimeout(this.bannerTimer);
    this.banner = false;
  }

  private leave(notice: string): void {
    this.end();
    this.tab.release();
    browserStore.remove(kSessionKey);
    void this.notifications.end();
    this.notice = notice;
    this.screen = "entry";
    this.changed();
  }

  private moveElsewhere(): void {
    this.end();
    this.tab.release();
    this.screen = "elsewhere";
    this.changed();
  }

  // ---- the connection

  private connect(model: Model): Connection {
    const change = (): void => this.changed();
    return new Connection(this.api, {
      ready: () => void this.reload(),
      drained: change,
      receive_message: (message, stored) => {
        const isNew = model.receive(message);
        this.outbox?.settle(message);
        stored?.({ ok: true });
        if (isNew && model.peer(message.sender).username === "…") void this.reloadLists();
        this.markVisible();
        change();
      },
      message_status: (event, stored) => {
        model.applyStatus(event);
        stored?.();
        change();
      },
      message_removed: (event, stored) => {
        model.removed(event);
        stored?.();
        change();
      },
      conversation_read: (event, stored) => {
        model.read(event.peer, event.upTo);
        stored?.();
        change();
      },
      user_online: ({ userId }) => {
        model.setPresence(userId, true, null);
        change();
      },
      user_offline: ({ userId, lastSeen }) => {
        model.setPresence(userId, false, lastSeen);
        model.setTyping(userId, false);
        change();
      },
      friend_request: (_event, stored) => this.relationChanged(stored),
      friend_accepted: (_event, stored) => this.relationChanged(stored),
      friend_removed: (_event, stored) => this.relationChanged(stored),
      typing: ({ sender, typing }) => this.peerTypes(model, sender, typing),
    }, {
      stateChanged: (state) => this.stateChanged(state),
      ended: (reason) => this.ended(reason),
    });
  }

  private stateChanged(state: ConnectionState): void {
    if (state === "ready") {
      clearTimeout(this.bannerTimer);
      this.banner = false;
      const connection = this.connection;
      if (connection !== null) this.outbox?.connected((entry) => connection.send(entry));
    } else {
      if (this.state === "ready" || !this.banner) this.armBanner();
      if (state === "lost") this.outbox?.disconnected();
    }
    this.state = state;
    this.changed();
  }

  private armBanner(): void {
    clearTimeout(this.bannerTimer);
    this.bannerTimer = setTimeout(() => {
      this.banner = this.screen === "chat" && this.state !== "ready";
      this.changed();
    }, kBannerDelayMs);
  }

  private ended(reason: EndReason): void {
    if (reason === "replaced") this.moveElsewhere();
    else this.leave(reason === "logout" ? "" : kEndTexts[reason]);
  }

  private peerTypes(model: Model, peer: string, typing: boolean): void {
    model.setTyping(peer, typing);
    clearTimeout(this.typingTimers.get(peer));
    this.typingTimers.set(peer, setTimeout(() => {
      model.setTyping(peer, false);
      this.changed();
    }, kTypingShownMs));
    this.changed();
  }

  // ---- what the server knows

  private relationChanged(stored: (() => void) | undefined): void {
    stored?.();
    void this.reloadLists();
  }

  private async reload(): Promise<void> {
    await this.reloadLists();
    if (this.openPeer !== null) await this.loadNewest(this.openPeer);
  }

  /** Joins a reading that is under way, which then reads once more: a backlog from somebody new asks for every message. */
  private reloadLists(): Promise<void> {
    this.listsWanted = true;
    this.readingLists ??= this.readWantedLists();
    return this.readingLists;
  }

  private async readWantedLists(): Promise<void> {
    const model = this.model;
    while (this.listsWanted && model === this.model) {
      this.listsWanted = false;
      await this.readLists(model);
    }
    if (model === this.model) this.readingLists = null;
  }

  private async readLists(model: Model | null): Promise<void> {
    model?.askedForFriends();
    const [friends, conversations, requests] =
      await Promise.all([this.api.friends(), this.api.conversations(), this.api.requests()]);
    if (model === null || model !== this.model) return;
    if (friends.ok) model.setFriends(friends.value.friends);
    if (conversations.ok) model.setConversations(conversations.value.conversations);
    if (requests.ok) {
      model.incoming = requests.value.incoming;
      model.outgoing = requests.value.outgoing;
    }
    this.markVisible();
    this.changed();
  }

  private async loadNewest(peer: string): Promise<void> {
    const model = this.model;
    const page = await this.api.history(peer, kPageSize);
    if (model === null || model !== this.model) return;
    if (page.ok) {
      model.thread(peer).addNewest(page.value.messages, page.value.next);
      for (const message of page.value.messages) this.outbox?.settle(message);
    }
    this.markVisible();
    this.changed();
  }

  /** The person wants to see what was before. */
  askOlder(): void {
    if (this.model !== null && this.openPeer !== null) void this.olderPages.ask(this.model.thread(this.openPeer));
  }

  // ---- what the person does

  open(peer: string): void {
    this.stopTyping();
    this.openPeer = peer;
    this.pane = "chats";
    if (this.model !== null) void this.loadNewest(peer);
    this.markVisible();
    this.changed();
  }
  /** A notification was clicked, here or before the page was loaded; the address must not open it again at a reload. */
  private openFromOutside(peer: string | null): void {
    if (location.hash !== "") history.replaceState(null, "", location.pathname);
    if (peer !== null && this.model !== null) this.open(peer);
  }
  closeChat(): void {
    this.stopTyping();
    this.openPeer = null;
    this.changed();
  }
  show(pane: Pane): void {
    this.pane = pane;
    this.changed();
  }

  /** False when the outbox is full, or the browser's storage. */
  write(content: string): boolean {
    const peer = this.openPeer;
    if (peer === null || this.outbox === null) return false;
    clearTimeout(this.typedStop);
    this.typedAt = 0;
    return this.outbox.add({ clientId: randomId(), recipient: peer, content, createdAt: new Date().toISOString() });
  }

  typed(): void {
    const peer = this.openPeer;
    if (peer === null) return;
    if (Date.now() - this.typedAt >= kTypingEveryMs) {
      this.typedAt = Date.now();
      this.connection?.typing(peer, true);
    }
    clearTimeout(this.typedStop);
    this.typedStop = setTimeout(() => this.stopTyping(), kTypingStopsMs);
  }
  private stopTyping(): void {
    clearTimeout(this.typedStop);
    if (this.typedAt !== 0 && this.openPeer !== null) this.connection?.typing(this.openPeer, false);
    this.typedAt = 0;
  }

  findUser(username: string): Promise<Result<{ user: User }>> {
    return this.api.findUser(username);
  }
  async requestFriend(userId: string): Promise<Result<undefined>> {
    const answer = await this.api.requestFriend(userId);
    await this.reloadLists();
    return answer;
  }
  async answerRequest(userId: string, answer: "accept" | "decline"): Promise<void> {
    await this.api.answerRequest(userId, answer);
    await this.reloadLists();
  }

  /** Tells the server that the open conversation was seen, when it really is on the screen. */
  private markVisible(): void {
    const { model, connection, openPeer: peer } = this;
    if (model === null || connection === null || peer === null) return;
    if (document.visibilityState !== "visible" || this.state !== "ready") return;
    const upTo = model.thread(peer).newestIncoming();
    if (upTo === 0 || upTo <= (this.marked.get(peer) ?? 0)) {
      if (upTo !== 0) model.read(peer, upTo);
      return;
    }
    this.marked.set(peer, upTo);
    model.read(peer, upTo);
    void connection.markRead(peer, upTo).then((taken) => {
      if (!taken && this.marked.get(peer) === upTo) this.marked.delete(peer);
    });
  }

  private changed(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.render();
    });
  }
}
