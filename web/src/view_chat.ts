// The right column: one conversation, its header and the line to write in.
import type { App } from "./app";
import { avatar, h, KeyedList, setAttribute, setText, show, svg } from "./dom";
import { dayName, presenceText } from "./format";
import type { Model } from "./model";
import { isNearTop } from "./older_pages";
import { fillLine, lineState, type Line } from "./view_message";

/** The server's bound on a text, in bytes of UTF-8. */
const kTextLimitBytes = 8 * 1024;
/** This close to the end counts as "at the end": a new message scrolls along. */
const kNearPixels = 80;
/** Rendered lists of presence times ("5 min ago") go stale; this refreshes them. */
const kPresenceRefreshMs = 30_000;

export class ChatView {
  readonly element: HTMLElement;
  private readonly nothing = h("div", { class: "nothing" }, h("img", { src: "icon.svg", alt: "", width: "72", height: "72" }), h("p", {}, "Choose a conversation"));
  private readonly head: HTMLElement;
  private readonly face = h("span", { class: "face" });
  private readonly name = h("h2", { class: "peer-name" });
  private readonly presence = h("span", { class: "presence", role: "status" });
  private readonly lines = h("ol", { class: "lines", role: "log", "aria-live": "polite", "aria-label": "Messages" });
  private readonly older = h("button", { type: "button", class: "link older" }, "Show older messages");
  private readonly scroller = h("div", { class: "scroller", tabindex: "0" }, this.older, this.lines);
  private readonly jump = h("button", { type: "button", class: "jump", "aria-label": "To the newest message" }, svg("arrow", "0 0 12 12", "M2 4.5 6 8.5 10 4.5"));
  private readonly text = h("textarea", { id: "text", rows: "1", placeholder: "Message", enterkeyhint: "send" });
  private readonly sendButton = h("button", { type: "submit", class: "primary send", "aria-label": "Send" }, svg("arrow", "0 0 24 24", "M4 12 20 4 15 20 11.5 13 Z"));
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly form: HTMLFormElement;
  private readonly list: KeyedList<Line>;
  private shownPeer: string | null = null;
  private readonly drafts = new Map<string, string>();

  constructor(private readonly app: App) {
    const back = h("button", { type: "button", class: "quiet back", "aria-label": "Back to the conversations" }, svg("arrow", "0 0 12 12", "M7.5 2 3.5 6 7.5 10"));
    back.addEventListener("click", () => app.closeChat());
    this.head = h("header", { class: "bar" }, back, this.face, h("div", { class: "peer" }, this.name, this.presence));
    this.form = h("form", { class: "compose" }, h("label", { for: "text", class: "hidden-label" }, "Write a message"), this.text, this.sendButton);
    const actions = {
      retry: (clientId: string): void => app.outbox?.retry(clientId),
      discard: (clientId: string): void => app.outbox?.discard(clientId),
    };
    this.list = new KeyedList<Line>(this.lines, () => h("li"), (element, line) => {
      const state = lineState(line);
      if (element.dataset.state === state) return;
      element.dataset.state = state;
      fillLine(element, line, actions);
    });
    this.element = h("main", { class: "chat", "aria-label": "Conversation" }, this.nothing, this.head,
      h("div", { class: "middle" }, this.scroller, this.jump), this.problem, this.form);
    this.listen();
    setInterval(() => this.render(), kPresenceRefreshMs);
  }

  render(): void {
    const { app } = this;
    const { model, openPeer: peer } = app;
    const open = model !== null && peer !== null;
    show(this.nothing, !open);
    for (const part of [this.head, this.form]) show(part, open);
    show(this.scroller, open);
    if (!open) {
      show(this.jump, false);
      this.keepDraft();
      this.shownPeer = null;
      return;
    }
    const switched = this.shownPeer !== peer;
    if (switched) this.switchTo(peer);
    this.renderHead(model, peer);
    this.renderLines(model, peer, switched);
  }

  private switchTo(peer: string): void {
    this.keepDraft();
    this.shownPeer = peer;
    this.text.value = this.drafts.get(peer) ?? "";
    setText(this.problem, "");
    this.grow();
    // A phone would open its keyboard over the conversation.
    if (window.matchMedia("(min-width: 720px)").matches) this.text.focus();
  }

  private keepDraft(): void {
    if (this.shownPeer !== null) this.drafts.set(this.shownPeer, this.text.value);
  }

  private renderHead(model: Model, peer: string): void {
    const friend = model.friends.get(peer);
    const { username } = model.peer(peer);
    if (this.face.dataset.name !== username) this.face.replaceChildren(avatar(username));
    this.face.dataset.name = username;
    setText(this.name, username);
    const typing = model.isTyping(peer);
    this.presence.classList.toggle("is-typing", typing);
    setText(this.presence, typing ? "typing…" : friend === undefined ? "not in your friends" : presenceText(friend.isOnline, friend.lastSeen, new Date()));
  }

  private renderLines(model: Model, peer: string, switched: boolean): void {
    const box = this.scroller;
    const wasAtEnd = switched || box.scrollHeight - box.scrollTop - box.clientHeight < kNearPixels;
    const fromEnd = box.scrollHeight - box.scrollTop;
    // The line of the day stays first, so it says nothing about what came in above.
    const firstBefore = this.lines.querySelector(".line");
    const lines = this.linesOf(model, peer);
    const thread = model.thread(peer);
    show(this.older, thread.nextBefore !== undefined);
    this.older.disabled = this.app.olderPages.isLoading(thread);
    this.list.render(lines, (line) => line.key);
    const grewAbove = firstBefore !== null && this.lines.querySelector(".line") !== firstBefore;
    if (wasAtEnd) box.scrollTop = box.scrollHeight;
    else if (grewAbove) box.scrollTop = box.scrollHeight - fromEnd;
    this.renderJump();
    // Whoever is at the top already causes no scrolling that would ask for more.
    if (isNearTop(box)) void this.app.olderPages.fill(thread);
  }

  private renderJump(): void {
    const box = this.scroller;
    show(this.jump, box.scrollHeight - box.scrollTop - box.clientHeight > 2 * kNearPixels);
  }

  private linesOf(model: Model, peer: string): Line[] {
    const now = new Date();
    const thread = model.thread(peer);
    const lines: Line[] = [];
    let day = "";
    const startDay = (timestamp: string): void => {
      const text = dayName(timestamp, now);
      if (text !== day) lines.push({ kind: "day", key: `day ${text}`, text });
      day = text;
    };
    for (const message of thread.messages()) {
      startDay(message.timestamp);
      const mine = message.sender === model.me._id;
      // The line that waited becomes the line that was sent: the same key, so it does not jump.
      lines.push({ kind: "message", key: message.clientId ?? message._id, message, mine, status: thread.statusOf(message) });
    }
    for (const entry of this.app.outbox?.pendingFor(peer) ?? []) {
      startDay(entry.createdAt);
      lines.push({ kind: "waiting", key: entry.clientId, entry });
    }
    return lines;
  }

  private listen(): void {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.text.addEventListener("input", () => {
      this.grow();
      setText(this.problem, "");
      if (this.text.value !== "") this.app.typed();
    });
    this.older.addEventListener("click", () => this.app.askOlder());
    this.scroller.addEventListener("scroll", () => {
      if (isNearTop(this.scroller)) this.app.askOlder();
      this.renderJump();
    }, { passive: true });
    this.jump.addEventListener("click", () => {
      this.scroller.scrollTop = this.scroller.scrollHeight;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.app.openPeer !== null) this.app.closeChat();
    });
  }

  private grow(): void {
    setAttribute(this.text, "rows", String(Math.min(6, this.text.value.split("\n").length)));
  }

  private send(): void {
    const content = this.text.value.trim();
    if (content === "") return;
    if (new TextEncoder().encode(content).length > kTextLimitBytes) {
      setText(this.problem, "This text is too long. Please send it in parts.");
    } else if (!this.app.write(content)) {
      setText(this.problem, "Too many messages are waiting to be sent. Please wait for the connection.");
    } else {
      this.text.value = "";
      this.grow();
      this.scroller.scrollTop = this.scroller.scrollHeight;
    }
  }
}
