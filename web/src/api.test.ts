import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { Api, type Exclusive, type Transport } from "./api";
import { loadSession, memoryStore, randomId, saveSession, type TextStore } from "./storage";

// Node 18 has it, but not as a global.
if (!("crypto" in globalThis)) Object.defineProperty(globalThis, "crypto", { value: webcrypto });

const kNow = 1_000_000;
const kUser = { _id: "u1", username: "anna" };

interface Call { readonly url: string; readonly body: unknown; readonly token: string | null }
type Answer = readonly [status: number, body: unknown];

function world(answer: (call: Call) => Answer, store: TextStore = memoryStore()) {
  const calls: Call[] = [];
  let tail: Promise<unknown> = Promise.resolve();
  const exclusive: Exclusive = {
    run(task) {
      const next = tail.then(task);
      tail = next.catch(() => undefined);
      return next;
    },
  };
  const api = new Api(store, exclusive, (url, init) => {
    const headers = init.headers as Record<string, string>;
    const call = { url, body: typeof init.body === "string" ? JSON.parse(init.body) as unknown : undefined, token: headers.authorization ?? null };
    calls.push(call);
    const [status, body] = answer(call);
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }));
  }, () => kNow);
  return { api, calls, store };
}
function loggedIn(store: TextStore, expiresAt: number): void {
  saveSession(store, { user: kUser, device: "d", accessToken: "old", refreshToken: "r1", expiresAt });
}

test("logging in stores the session and the same browser stays the same device", async () => {
  const { api, calls, store } = world(() => [200, { user: kUser, device: "d7", accessToken: "a", refreshToken: "r", expiresIn: 900 }]);
  assert.equal((await api.logIn("Anna", "secret-password")).ok, true);
  assert.equal(loadSession(store)?.expiresAt, kNow + 900_000);
  await api.logIn("anna", "secret-password");
  assert.deepEqual(calls[1]?.body, { username: "anna", password: "secret-password", device: "d7" });
});

test("an access token near its end is renewed once for all who ask", async () => {
  const { api, calls, store } = world(() => [200, { accessToken: "new", refreshToken: "r2", expiresIn: 900 }]);
  loggedIn(store, kNow + 1000);
  assert.deepEqual(await Promise.all([api.freshToken(), api.freshToken(), api.freshToken()]), ["new", "new", "new"]);
  assert.equal(calls.length, 1);
  assert.equal(loadSession(store)?.refreshToken, "r2");
});

test("a refused token is renewed and the call repeated once", async () => {
  const { api, store } = world((call) =>
    call.url.endsWith("/refresh") ? [200, { accessToken: "new", refreshToken: "r2", expiresIn: 900 }]
    : call.token === "Bearer new" ? [200, { friends: [] }]
    : [401, { error: { code: "unauthorized", message: "expired" } }]);
  loggedIn(store, kNow + 900_000);
  assert.deepEqual(await api.friends(), { ok: true, value: { friends: [] } });
});

test("a login that cannot be renewed is forgotten", async () => {
  const { api, store } = world(() => [401, { error: { code: "unauthorized", message: "over" } }]);
  loggedIn(store, kNow - 1);
  let out = 0;
  api.onLoggedOut = () => { out += 1; };
  assert.equal(await api.freshToken(), null);
  assert.equal(out, 1);
  assert.equal(loadSession(store), null);
});

test("a server that is away does not log anyone out", async () => {
  const { api, store } = world(() => { throw new Error("no route"); });
  loggedIn(store, kNow - 1);
  const answer = await api.friends();
  assert.equal(!answer.ok && answer.error.code, "network");
  assert.equal(loadSession(store)?.refreshToken, "r1");
});

test("errors come back as the server named them, with the time to wait", async () => {
  const { api } = world(() => [429, { error: { code: "rate_limited", message: "slow down", retryAfter: 3 } }]);
  const answer = await api.logIn("anna", "secret-password");
  assert.deepEqual(answer, { ok: false, error: { code: "rate_limited", message: "slow down", retryAfter: 3 } });
});

test("a request that nobody answers ends as a failure of the network", async () => {
  const store = memoryStore();
  loggedIn(store, kNow + 900_000);
  const patience = new AbortController();
  const silent: Transport = (_url, init) => new Promise((_answer, fail) => {
    init.signal?.addEventListener("abort", () => fail(new Error("aborted")));
    patience.abort();
  });
  const api = new Api(store, { run: (task) => task() }, silent, () => kNow, () => patience.signal);
  const answer = await api.history("bob", 50, 81);
  assert.equal(!answer.ok && answer.error.code, "network");
});

test("random ids are visible ASCII and differ", () => {
  assert.match(randomId(), /^[A-Za-z0-9_-]{22}$/);
  assert.notEqual(randomId(), randomId());
});
