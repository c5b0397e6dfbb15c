// The service worker: shows a push unless the page is being looked at, and leads to the conversation on a click. It keeps
// nothing and answers no request of the page.
import { fragmentOf, shownOf, type WorkerMessage } from "./worker_message";

interface Window {
  readonly focused: boolean;
  readonly visibilityState: string;
  focus(): Promise<unknown>;
  postMessage(message: WorkerMessage): void;
}
/** What this file uses of ServiceWorkerGlobalScope; the compiler's own types of it clash with the page's. */
interface Scope {
  readonly clients: {
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<readonly Window[]>;
    openWindow(url: string): Promise<unknown>;
    claim(): Promise<void>;
  };
  readonly registration: ServiceWorkerRegistration;
  readonly navigator: Navigator;
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(type: "push", listener: (event: Lasting & { readonly data: { text(): string } | null }) => void): void;
  addEventListener(type: "notificationclick", listener: (event: Lasting & { readonly notification: Notification }) => void): void;
}
interface Lasting {
  waitUntil(task: Promise<unknown>): void;
}

/** One notification at a time: a newer push replaces the one that nobody has looked at. */
const kTag = "restante";
const scope = self as unknown as Scope;

function windows(): Promise<readonly Window[]> {
  return scope.clients.matchAll({ type: "window", includeUncontrolled: true });
}

async function show(text: string | undefined): Promise<void> {
  const push = shownOf(text);
  if ((await windows()).some((window) => window.visibilityState === "visible")) return;
  if (push.badge !== undefined && "setAppBadge" in scope.navigator) await scope.navigator.setAppBadge(push.badge).catch(() => undefined);
  const options = { body: push.body, tag: kTag, renotify: true, icon: "icon-192.png", data: push.peer };
  await scope.registration.showNotification(push.title, options);
}

async function open(peer: string | null): Promise<void> {
  const all = await windows();
  const chosen = all.find((window) => window.focused) ?? all[0];
  if (chosen === undefined) {
    await scope.clients.openWindow(`./${fragmentOf(peer)}`);
    return;
  }
  chosen.postMessage({ kind: "open", peer });
  // A browser may refuse to move the focus; the conversation is open all the same.
  await chosen.focus().catch(() => undefined);
}

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("push", (event) => event.waitUntil(show(event.data?.text())));
scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open((event.notification.data as string | null | undefined) ?? null));
});
