// Entry point: builds the page once, then shows what the controller says.
import { App } from "./app";
import { h, setAttribute, setText, show } from "./dom";
import { ChatView } from "./view_chat";
import { EntryView } from "./view_entry";
import { SideView } from "./view_side";

function elsewhereView(app: App): HTMLElement {
  const button = h("button", { type: "button", class: "primary", id: "use-here" }, "Use here");
  button.addEventListener("click", () => app.useHere());
  return h("main", { class: "entry" }, h("div", { class: "card", role: "dialog", "aria-labelledby": "elsewhere-title" },
    h("h2", { id: "elsewhere-title" }, "Restante is open in another tab"),
    h("p", {}, "Only one tab of this browser is connected at a time. Your messages are safe in either."),
    button,
    h("p", { class: "hint" }, "To log in as somebody else at the same time, use a private window.")));
}

function start(root: HTMLElement): void {
  const app = new App(() => render());
  const entry = new EntryView(app);
  const elsewhere = elsewhereView(app);
  const side = new SideView(app);
  const chat = new ChatView(app);
  const banner = h("div", { class: "banner", role: "status" }, "Reconnecting… What you write is kept and sent as soon as the connection is back.");
  const columns = h("div", { class: "columns" }, side.element, chat.element);
  const messenger = h("div", { class: "messenger" }, banner, columns);
  root.replaceChildren(entry.element, elsewhere, messenger);

  function render(): void {
    show(entry.element, app.screen === "entry");
    show(elsewhere, app.screen === "elsewhere");
    show(messenger, app.screen === "chat");
    show(banner, app.banner);
    setAttribute(columns, "data-open", app.openPeer !== null);
    entry.render();
    side.render();
    chat.render();
    const unread = app.model?.totalUnread ?? 0;
    setText(document.head.querySelector("title") ?? document.head, unread > 0 ? `(${unread}) Restante` : "Restante");
  }
  render();
  void app.start();
}

const root = document.getElementById("app");
if (root !== null) start(root);
