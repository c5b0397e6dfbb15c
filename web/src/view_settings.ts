// The settings pane: notifications on this device, and whether they may show names and text.
import type { App } from "./app";
import { h, setAttribute, setText, show } from "./dom";
import type { NotifyState } from "./notifications";

const kStates: Record<NotifyState, string> = {
  unknown: "",
  unsupported: "This browser cannot show notifications of this page. They need https and a browser with Web Push.",
  unavailable: "This server does not send notifications to browsers.",
  blocked: "Notifications are blocked for this page. You can allow them in the browser's settings.",
  off: "You are told of new messages only while this page is open.",
  on: "This browser tells you of new messages when the page is closed.",
};

interface Switch {
  readonly row: HTMLElement;
  readonly button: HTMLButtonElement;
}

function makeSwitch(id: string, text: string, explainedBy: string, flip: (on: boolean) => void): Switch {
  const button = h("button", { type: "button", role: "switch", class: "switch", id, "aria-checked": "false", "aria-describedby": explainedBy });
  button.addEventListener("click", () => flip(button.getAttribute("aria-checked") !== "true"));
  const label = h("label", { class: "setting-name", for: id }, text);
  return { row: h("div", { class: "setting" }, label, button), button };
}

export class SettingsPane {
  readonly element: HTMLElement;
  private readonly notify: Switch;
  private readonly previews: Switch;
  private readonly state = h("p", { class: "hint", id: "notify-state", role: "status" });
  private readonly problem = h("p", { class: "problem setting-problem", role: "alert" });
  private readonly more: HTMLElement;

  constructor(private readonly app: App) {
    const { notifications } = app;
    this.notify = makeSwitch("notify", "Notifications", "notify-state", (on) => void notifications.switchNotifications(on));
    this.previews = makeSwitch("previews", "Show name and text", "previews-text", (on) => void notifications.switchPreviews(on));
    this.more = h("div", {}, this.previews.row,
      h("p", { class: "hint", id: "previews-text" },
        "Off: a notification says only that there is a new message. On: it shows who wrote and the beginning of the text, on all your devices. " +
        "Browsers get that encrypted; on phones it passes through Google's and Apple's servers, which can read it."));
    this.element = h("div", { id: "pane-settings", role: "tabpanel", "aria-labelledby": "tab-settings", class: "pane" },
      h("h2", {}, "Notifications"), this.notify.row, this.state, this.problem, this.more);
  }

  render(): void {
    const { state, previews, busy, problem } = this.app.notifications;
    setText(this.state, kStates[state]);
    show(this.state, kStates[state] !== "");
    setText(this.problem, problem);
    setAttribute(this.notify.button, "aria-checked", String(state === "on"));
    this.notify.button.disabled = busy || (state !== "on" && state !== "off");
    setAttribute(this.previews.button, "aria-checked", String(previews));
    this.previews.button.disabled = busy || state === "unknown";
    // Other devices may be woken even where this browser cannot be.
    show(this.more, state !== "unknown");
  }
}
