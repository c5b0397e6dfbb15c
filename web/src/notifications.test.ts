import assert from "node:assert/strict";
import { test } from "node:test";
import { Api } from "./api";
import { Notifications, type PushBrowser } from "./notifications";
import type { WebPushAddress } from "./protocol";
import { memoryStore, saveSession } from "./storage";

const kUser = { _id: "u1", username: "anna", email: "a@b.c", pushPreviews: false };

class FakeBrowser implements PushBrowser {
  supported = true;
  given: NotificationPermission = "default";
  answer: NotificationPermission = "granted";
  unreachable = false;
  subscribed: { readonly key: string; readonly address: WebPushAddress } | null = null;
  asked = 0;

  permission(): NotificationPermission { return this.given; }
  ask(): Promise<NotificationPermission> {
    this.asked += 1;
    this.given = this.answer;
    return Promise.resolve(this.answer);
  }
  current(key: string): Promise<WebPushAddress | null> {
    return Promise.resolve(this.subscribed?.key === key ? this.subscribed.address : null);
  }
  subscribe(key: string): Promise<WebPushAddress> {
    if (this.unreachable) return Promise.reject(new Error("AbortError"));
    this.subscribed = { key, address: { endpoint: `https://push.example/${key}`, keys: { p256dh: "p", auth: "a" } } };
    return Promise.resolve(this.subscribed.address);
  }
  unsubscribe(): Promise<void> {
    this.subscribed = null;
    return Promise.resolve();
  }
}

function world(options: { publicKey?: string | null; refuse?: boolean } = {}) {
  const server = { address: null as unknown, previews: false, publicKey: options.publicKey === undefined ? "K1" : options.publicKey, refuse: options.refuse === true };
  const store = memoryStore();
  const browser = new FakeBrowser();
  const api = new Api(store, { run: (task) => task() }, (url, init) => {
    const body = typeof init.body === "string" ? JSON.parse(init.body) as Record<string, unknown> : {};
    const answer = (status: number, value?: unknown): Promise<Response> =>
      Promise.resolve(new Response(value === undefined ? null : JSON.stringify(value), { status }));
    if (server.refuse && init.method !== "GET") return answer(400, { error: { code: "invalid", message: "not like this" } });
    if (url.endsWith("/devices/d/push")) {
      server.address = init.method === "PUT" ? body.address : null;
      return answer(204);
    }
    if (url.endsWith("/push")) return answer(200, { fcm: false, webpush: server.publicKey === null ? null : { publicKey: server.publicKey } });
    if (init.method === "PATCH") server.previews = body.pushPreviews === true;
    return answer(200, { user: { ...kUser, pushPreviews: server.previews } });
  });
  saveSession(store, { user: kUser, device: "d", accessToken: "t", refreshToken: "r", expiresAt: Date.now() + 900_000 });
  return { notifications: new Notifications(api, browser, store, () => undefined), browser, server, api, store };
}

test("switching on asks, subscribes with the server's key and stores the address; off takes both back", async () => {
  const { notifications, browser, server } = world();
  await notifications.begin();
  assert.deepEqual([notifications.state, browser.asked, server.address], ["off", 0, null], "nothing is asked without a click");
  await notifications.switchNotifications(true);
  assert.equal(notifications.state, "on");
  assert.deepEqual(server.address, { endpoint: "https://push.example/K1", keys: { p256dh: "p", auth: "a" } });
  await notifications.switchNotifications(false);
  assert.deepEqual([notifications.state, browser.subscribed, server.address], ["off", null, null]);
});

test("each start puts the address there again, also one that the server dropped or another key made", async () => {
  const { notifications, browser, server } = world();
  await notifications.begin();
  await notifications.switchNotifications(true);
  server.address = null;
  await notifications.begin();
  assert.deepEqual([notifications.state, (server.address as WebPushAddress | null)?.endpoint], ["on", "https://push.example/K1"]);
  server.publicKey = "K2";
  await notifications.begin();
  assert.deepEqual([notifications.state, browser.subscribed?.key, (server.address as WebPushAddress | null)?.endpoint], ["on", "K2", "https://push.example/K2"]);
  assert.equal(browser.asked, 1, "the question was asked once, in the click");
});

test("a start after switching off leaves it off", async () => {
  const { notifications, browser } = world();
  await notifications.begin();
  await notifications.switchNotifications(true);
  await notifications.switchNotifications(false);
  await notifications.begin();
  assert.deepEqual([notifications.state, browser.subscribed], ["off", null]);
});

test("says why it cannot: no support, no offer, blocked, refused, out of reach", async () => {
  const unsupported = world();
  unsupported.browser.supported = false;
  await unsupported.notifications.begin();
  assert.equal(unsupported.notifications.state, "unsupported");

  const unavailable = world({ publicKey: null });
  await unavailable.notifications.begin();
  assert.equal(unavailable.notifications.state, "unavailable");

  const blocked = world();
  blocked.browser.answer = "denied";
  await blocked.notifications.begin();
  await blocked.notifications.switchNotifications(true);
  assert.deepEqual([blocked.notifications.state, blocked.server.address], ["blocked", null]);

  const dismissed = world();
  dismissed.browser.answer = "default";
  await dismissed.notifications.begin();
  await dismissed.notifications.switchNotifications(true);
  assert.deepEqual([dismissed.notifications.state, dismissed.notifications.problem], ["off", ""]);

  const refused = world();
  await refused.notifications.begin();
  refused.server.refuse = true;
  await refused.notifications.switchNotifications(true);
  assert.deepEqual([refused.notifications.state, refused.notifications.problem], ["off", "not like this"]);

  const away = world();
  await away.notifications.begin();
  away.browser.unreachable = true;
  await away.notifications.switchNotifications(true);
  assert.equal(away.notifications.state, "off");
  assert.match(away.notifications.problem, /cannot be reached/);
});

test("previews are the server's word", async () => {
  const { notifications, server } = world();
  await notifications.begin();
  assert.equal(notifications.previews, false);
  await notifications.switchPreviews(true);
  assert.deepEqual([notifications.previews, server.previews], [true, true]);
  server.refuse = true;
  await notifications.switchPreviews(false);
  assert.deepEqual([notifications.previews, notifications.problem], [true, "not like this"]);
});

test("the end of a login takes the subscription away, so that the next person is not told of it", async () => {
  const { notifications, browser } = world();
  await notifications.begin();
  await notifications.switchNotifications(true);
  await notifications.end();
  assert.deepEqual([browser.subscribed, notifications.state], [null, "unknown"]);
});
