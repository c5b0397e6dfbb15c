// One line of a conversation: a bubble with its time and its ticks.
import { h, svg } from "./dom";
import { clockTime, statusText } from "./format";
import type { OutboxEntry } from "./outbox";
import type { Message, MessageStatus } from "./protocol";

export type Line =
  | { readonly kind: "day"; readonly key: string; readonly text: string }
  | { readonly kind: "message"; readonly key: string; readonly message: Message; readonly mine: boolean; readonly status: MessageStatus }
  | { readonly kind: "waiting"; readonly key: string; readonly entry: OutboxEntry };

export interface LineActions {
  retry(clientId: string): void;
  discard(clientId: string): void;
}

const kSingle = "M1.5 6.2 4.6 9.3 11 2.2";
const kDouble = "M7.3 8.6 8.2 9.5 15.5 2.2";

/** One tick: sent. Two: delivered. Two in blue: read. A clock: still here. */
export function statusMark(status: MessageStatus | "waiting"): HTMLElement {
  const icon = status === "waiting" ? svg("tick", "0 0 12 12", "M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6", "M6 3.2V6.2L8 7.4")
    : status === "failed" ? svg("tick", "0 0 12 12", "M6 1.5V7.4", "M6 9.6V10.4")
    : status === "sent" ? svg("tick", "0 0 15 12", kSingle)
    : svg("tick", "0 0 17 12", kSingle, kDouble);
  return h("span", { class: `mark mark-${status}`, role: "img", "aria-label": statusText(status), title: statusText(status) }, icon);
}

export function lineState(line: Line): string {
  if (line.kind === "day") return line.text;
  if (line.kind === "waiting") return `${line.entry.failure?.message ?? ""}/${line.entry.content}`;
  return `${line.status}/${line.message.content}`;
}

export function fillLine(element: HTMLElement, line: Line, actions: LineActions): void {
  if (line.kind === "day") {
    element.className = "day";
    element.replaceChildren(h("span", {}, line.text));
  } else if (line.kind === "message") {
    const { message, mine, status } = line;
    element.className = mine ? "line mine" : "line theirs";
    const gone = status === "failed" && message.content === "";
    const text = gone ? h("p", { class: "text gone" }, "This message is no longer available.") : h("p", { class: "text" }, message.content);
    const meta = h("span", { class: "meta" }, h("time", { datetime: message.timestamp }, clockTime(message.timestamp)));
    if (mine) meta.append(statusMark(status));
    element.replaceChildren(h("div", { class: "bubble" }, text, meta));
  } else {
    element.className = "line mine";
    const { entry } = line;
    const bubble = h("div", { class: "bubble waiting" }, h("p", { class: "text" }, entry.content),
      h("span", { class: "meta" }, h("time", { datetime: entry.createdAt }, clockTime(entry.createdAt)),
        statusMark(entry.failure === undefined ? "waiting" : "failed")));
    if (entry.failure !== undefined) bubble.append(failureBox(entry, entry.failure.message, actions));
    element.replaceChildren(bubble);
  }
}

function failureBox(entry: OutboxEntry, reason: string, actions: LineActions): HTMLElement {
  const again = h("button", { type: "button", class: "link" }, "Try again");
  const drop = h("button", { type: "button", class: "link" }, "Delete");
  again.addEventListener("click", () => actions.retry(entry.clientId));
  drop.addEventListener("click", () => actions.discard(entry.clientId));
  return h("div", { class: "failure", role: "alert" }, `Not sent: ${reason} `, again, drop);
}
