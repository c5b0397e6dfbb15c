// The left column: who I am, the conversations, the people (search, requests), and the settings.
import type { App, Pane } from "./app";
import { avatar, h, KeyedList, setAttribute, setText, show } from "./dom";
import { listTime } from "./format";
import type { Row } from "./model";
import type { Request, User } from "./protocol";
import { statusMark } from "./view_message";
import { SettingsPane } from "./view_settings";

export class SideView {
  readonly element: HTMLElement;
  private readonly name = h("strong", { class: "me" });
  private readonly chatsTab = h("button", { type: "button", role: "tab", id: "tab-chats", "aria-controls": "pane-chats" }, "Chats");
  private readonly peopleTab = h("button", { type: "button", role: "tab", id: "tab-people", "aria-controls": "pane-people" }, "People");
  private readonly settingsTab = h("button", { type: "button", role: "tab", id: "tab-settings", "aria-controls": "pane-settings" }, "Settings");
  private readonly list = h("ul", { class: "rows" });
  private readonly empty = h("p", { class: "hint" }, "No conversations yet. Find somebody under “People”.");
  private readonly chats = h("div", { id: "pane-chats", role: "tabpanel", "aria-labelledby": "tab-chats", class: "pane" }, this.list, this.empty);
  private readonly people: PeoplePane;
  private readonly settings: SettingsPane;
  private readonly panes: readonly { readonly name: Pane; readonly tab: HTMLElement; readonly element: HTMLElement }[];
  private readonly rows: KeyedList<Row>;

  constructor(private readonly app: App) {
    this.people = new PeoplePane(app);
    this.settings = new SettingsPane(app);
    this.panes = [
      { name: "chats", tab: this.chatsTab, element: this.chats },
      { name: "people", tab: this.peopleTab, element: this.people.element },
      { name: "settings", tab: this.settingsTab, element: this.settings.element },
    ];
    const logOut = h("button", { type: "button", class: "quiet", id: "log-out" }, "Log out");
    logOut.addEventListener("click", () => void app.logOut());
    const tabs = h("div", { role: "tablist", class: "tabs", "aria-label": "Sections" }, ...this.panes.map(({ tab }) => tab));
    for (const { name, tab } of this.panes) tab.addEventListener("click", () => app.show(name));
    tabs.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight") this.move(1);
      if (event.key === "ArrowLeft") this.move(-1);
    });
    this.rows = new KeyedList<Row>(this.list, (row) => this.createRow(row), (element, row) => this.updateRow(element, row));
    this.element = h("nav", { class: "side", "aria-label": "Conversations and people" },
      h("header", { class: "bar" }, h("img", { src: "icon.svg", alt: "", width: "28", height: "28" }), this.name, logOut),
      tabs, ...this.panes.map(({ element }) => element));
  }

  private move(by: number): void {
    const at = this.panes.findIndex(({ name }) => name === this.app.pane);
    const next = this.panes[(at + by + this.panes.length) % this.panes.length];
    if (next === undefined) return;
    this.app.show(next.name);
    next.tab.focus();
  }

  render(): void {
    const { app } = this;
    const model = app.model;
    if (model === null) return;
    setText(this.name, model.me.username);
    const requests = model.incoming.length;
    setText(this.peopleTab, requests === 0 ? "People" : `People (${requests})`);
    for (const { name, tab, element } of this.panes) {
      const selected = app.pane === name;
      setAttribute(tab, "aria-selected", String(selected));
      setAttribute(tab, "tabindex", selected ? "0" : "-1");
      show(element, selected);
    }
    const rows = model.rows();
    show(this.empty, rows.length === 0);
    // The name is part of the key: a row that was made before its name was known is made again.
    this.rows.render(rows, (row) => `${row.peer._id} ${row.peer.username}`);
    this.people.render();
    this.settings.render();
  }

  private createRow(row: Row): HTMLElement {
    const button = h("button", { type: "button", class: "row" },
      avatar(row.peer.username),
      h("span", { class: "row-main" }, h("span", { class: "row-name" }), h("span", { class: "row-text" })),
      h("span", { class: "row-side" }, h("span", { class: "row-time" }), h("span", { class: "unread" })));
    button.addEventListener("click", () => this.app.open(row.peer._id));
    return h("li", {}, button);
  }

  private updateRow(element: HTMLElement, row: Row): void {
    const part = (name: string): HTMLElement => element.querySelector<HTMLElement>(`.${name}`) ?? element;
    const open = this.app.openPeer === row.peer._id;
    setAttribute(part("row"), "aria-current", open ? "true" : false);
    setText(part("row-name"), row.peer.username);
    part("avatar").classList.toggle("is-online", row.friend?.isOnline === true);
    setText(part("row-time"), row.last === undefined ? "" : listTime(row.last.timestamp, new Date()));
    const text = part("row-text");
    text.classList.toggle("is-typing", row.typing);
    const mine = row.last !== undefined && row.last.sender === this.app.model?.me._id;
    const words = row.typing ? "typing…" : row.last?.content ?? "Say hello";
    const mark = mine && !row.typing && row.last !== undefined ? row.last.status : "";
    if (text.dataset.shown !== `${mark} ${words}`) {
      text.dataset.shown = `${mark} ${words}`;
      text.replaceChildren(...(mark === "" ? [] : [statusMark(mark)]), words);
    }
    const unread = part("unread");
    show(unread, row.unread > 0);
    setText(unread, String(row.unread));
    setAttribute(unread, "aria-label", `${row.unread} unread`);
  }
}

class PeoplePane {
  readonly element: HTMLElement;
  private readonly query = h("input", { id: "find", name: "find", required: true, maxlength: "32", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  private readonly found = h("div", { class: "found", role: "status" });
  private readonly incomingBox = h("section", { "aria-labelledby": "incoming-title" });
  private readonly outgoingBox = h("section", { "aria-labelledby": "outgoing-title" });
  private readonly incoming: KeyedList<Request>;
  private readonly outgoing: KeyedList<Request>;

  constructor(private readonly app: App) {
    const form = h("form", { class: "find", role: "search" }, h("label", { for: "find" }, "Find a user by name"),
      h("div", { class: "find-line" }, this.query, h("button", { type: "submit", class: "primary" }, "Find")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.find();
    });
    const incomingList = h("ul", { class: "people", id: "incoming" });
    const outgoingList = h("ul", { class: "people", id: "outgoing" });
    this.incomingBox.append(h("h2", { id: "incoming-title" }, "Requests to you"), incomingList);
    this.outgoingBox.append(h("h2", { id: "outgoing-title" }, "Waiting for an answer"), outgoingList);
    this.incoming = new KeyedList<Request>(incomingList, ({ user }) => this.person(user,
      this.action("Accept", `Accept ${user.username}`, "primary", () => this.app.answerRequest(user._id, "accept")),
      this.action("Decline", `Decline ${user.username}`, "quiet", () => this.app.answerRequest(user._id, "decline"))), () => undefined);
    this.outgoing = new KeyedList<Request>(outgoingList, ({ user }) => this.person(user), () => undefined);
    this.element = h("div", { id: "pane-people", role: "tabpanel", "aria-labelledby": "tab-people", class: "pane" },
      form, this.found, this.incomingBox, this.outgoingBox);
  }

  render(): void {
    const model = this.app.model;
    if (model === null) return;
    show(this.incomingBox, model.incoming.length > 0);
    show(this.outgoingBox, model.outgoing.length > 0);
    this.incoming.render(model.incoming, ({ user }) => user._id);
    this.outgoing.render(model.outgoing, ({ user }) => user._id);
  }

  private person(user: User, ...actions: HTMLElement[]): HTMLElement {
    return h("li", {}, avatar(user.username), h("span", { class: "row-name" }, user.username), ...actions);
  }

  private action(text: string, label: string, className: string, run: () => Promise<unknown>): HTMLElement {
    const button = h("button", { type: "button", class: className, "aria-label": label }, text);
    button.addEventListener("click", () => {
      button.disabled = true;
      void run().finally(() => { button.disabled = false; });
    });
    return button;
  }

  private async find(): Promise<void> {
    const name = this.query.value.trim();
    const answer = await this.app.findUser(name);
    if (!answer.ok) {
      const missing = answer.error.code === "not_found";
      this.found.replaceChildren(h("p", { class: "hint" }, missing ? `There is no user “${name}”.` : answer.error.message));
      return;
    }
    const { user } = answer.value;
    const model = this.app.model;
    if (user._id === model?.me._id) {
      this.found.replaceChildren(h("p", { class: "hint" }, "That is you."));
    } else if (model?.friends.has(user._id) === true) {
      this.found.replaceChildren(h("div", { class: "person" }, avatar(user.username), h("span", { class: "row-name" }, user.username),
        this.action("Open chat", `Open the chat with ${user.username}`, "primary", async () => this.app.open(user._id))));
    } else {
      this.found.replaceChildren(h("div", { class: "person" }, avatar(user.username), h("span", { class: "row-name" }, user.username),
        this.action("Add friend", `Send ${user.username} a friend request`, "primary", () => this.request(user))));
    }
  }

  private async request(user: User): Promise<void> {
    const answer = await this.app.requestFriend(user._id);
    this.found.replaceChildren(h("p", { class: "hint" }, answer.ok ? `Your request to ${user.username} is on its way.` : answer.error.message));
    if (answer.ok) this.query.value = "";
  }
}
