// What the service worker and the page say to each other, and what a push brings (docs/push.md). Pure.

export interface WorkerMessage {
  readonly kind: "open";
  readonly peer: string | null;
}

export interface Shown {
  readonly title: string;
  readonly body: string;
  /** The number of unread messages, when the push says so. */
  readonly badge: number | undefined;
  /** Whose conversation it is about; only pushes with previews say so. */
  readonly peer: string | null;
}

const kGenericTitle = "New message";
const kPeer = /^[0-9a-f]{24}$/;
const kFragment = /^#chat=([0-9a-f]{24})$/;

/** A push that cannot be read still means that something waits: browsers demand that every push shows something. */
export function shownOf(text: string | undefined): Shown {
  let push: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? "");
    if (typeof parsed === "object" && parsed !== null) push = parsed as Record<string, unknown>;
  } catch {
    // Shown as the generic one.
  }
  const data = typeof push.data === "object" && push.data !== null ? (push.data as Record<string, unknown>) : {};
  const peer = data.senderId;
  return {
    title: typeof push.title === "string" && push.title !== "" ? push.title : kGenericTitle,
    body: typeof push.body === "string" ? push.body : "",
    badge: typeof push.badge === "number" && Number.isSafeInteger(push.badge) && push.badge >= 0 ? push.badge : undefined,
    peer: typeof peer === "string" && kPeer.test(peer) ? peer : null,
  };
}

/** The part of the page's address that opens a conversation. */
export function fragmentOf(peer: string | null): string {
  return peer === null ? "" : `#chat=${peer}`;
}
export function peerOf(fragment: string): string | null {
  return kFragment.exec(fragment)?.[1] ?? null;
}
