// The browser's own push: a service worker that shows what comes, and a subscription at the vendor's push service.
import type { PushBrowser } from "./notifications";
import type { WebPushAddress } from "./protocol";
import type { WorkerMessage } from "./worker_message";

const kWorker = "sw.js";

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function sameBytes(left: ArrayBuffer | null | undefined, right: Uint8Array): boolean {
  if (left === null || left === undefined || left.byteLength !== right.byteLength) return false;
  return new Uint8Array(left).every((byte, index) => byte === right[index]);
}

function addressOf(subscription: PushSubscription): WebPushAddress {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint: endpoint ?? "", keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" } };
}

/** The worker, started if need be; waits until it can take pushes. */
async function worker(): Promise<ServiceWorkerRegistration> {
  await navigator.serviceWorker.register(kWorker, { updateViaCache: "none" });
  return navigator.serviceWorker.ready;
}

/** Without a registration `ready` would never come, so it is looked up. */
async function registered(): Promise<ServiceWorkerRegistration | undefined> {
  return navigator.serviceWorker.getRegistration();
}

export function browserPush(): PushBrowser {
  return {
    supported: window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window,
    permission: () => Notification.permission,
    ask: () => Notification.requestPermission(),
    async current(publicKey) {
      const found = await (await registered())?.pushManager.getSubscription();
      return found && sameBytes(found.options.applicationServerKey, bytesOf(publicKey)) ? addressOf(found) : null;
    },
    async subscribe(publicKey) {
      const { pushManager } = await worker();
      // A subscription made for another key (the server got a new one) would be refused.
      const old = await pushManager.getSubscription();
      if (old && !sameBytes(old.options.applicationServerKey, bytesOf(publicKey))) await old.unsubscribe();
      return addressOf(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(publicKey) }));
    },
    async unsubscribe() {
      await (await (await registered())?.pushManager.getSubscription())?.unsubscribe();
    },
  };
}

/** What was shown while nobody looked is stale once somebody does. */
export function clearShown(): void {
  if (!("serviceWorker" in navigator) || document.visibilityState !== "visible") return;
  void registered().then((registration) => registration?.getNotifications())
    .then((shown) => shown?.forEach((notification) => notification.close()))
    .catch(() => undefined);
  if ("clearAppBadge" in navigator) void navigator.clearAppBadge().catch(() => undefined);
}

/** A click on a notification while the page is open. */
export function onNotificationClick(open: (peer: string | null) => void): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", (event: MessageEvent<WorkerMessage>) => {
    if (event.data.kind === "open") open(event.data.peer);
  });
}
