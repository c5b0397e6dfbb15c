// REST calls. Every promise settles with a Result; none rejects. An expired access token is refreshed once per call.
import type {
  Conversation, Failure, Friend, Grant, Message, PushOffer, Request, Result, Self, Session, User, WebPushAddress,
} from "./protocol";
import { loadSession, saveSession, type StoredSession, type TextStore } from "./storage";

/** A token this close to its end is refreshed before use, so that clocks may differ a little. */
const kFreshMarginMs = 60_000;
const kRequestTimeoutMs = 30_000;

export interface Exclusive {
  /** Runs `task` while no other tab of this browser runs one. */
  run<T>(task: () => Promise<T>): Promise<T>;
}
export interface Transport {
  (url: string, init: RequestInit): Promise<Response>;
}

function isFailure(value: unknown): value is { error: Failure } {
  if (typeof value !== "object" || value === null || !("error" in value)) return false;
  const error: unknown = value.error;
  return typeof error === "object" && error !== null && "code" in error && "message" in error;
}

export class Api {
  /** Called when the server no longer accepts the login: the page must ask for the password again. */
  onLoggedOut: () => void = () => undefined;

  constructor(
    private readonly store: TextStore,
    private readonly exclusive: Exclusive,
    private readonly transport: Transport,
    private readonly now: () => number = Date.now,
    private readonly patience: () => AbortSignal = () => AbortSignal.timeout(kRequestTimeoutMs),
  ) {}

  session(): StoredSession | null {
    return loadSession(this.store);
  }

  register(username: string, email: string, password: string): Promise<Result<Session>> {
    return this.enter("/register", { username, email, password });
  }

  logIn(username: string, password: string): Promise<Result<Session>> {
    // The same browser stays the same device, so that its position in the mailbox goes on.
    const device = this.store.get(deviceKey(username));
    return this.enter("/login", device === null ? { username, password } : { username, password, device });
  }

  async logOut(): Promise<void> {
    await this.call<undefined>("POST", "/logout");
  }

  findUser(username: string): Promise<Result<{ user: User }>> {
    return this.call("GET", `/users?username=${encodeURIComponent(username)}`);
  }
  friends(): Promise<Result<{ friends: Friend[] }>> {
    return this.call("GET", "/friends");
  }
  requests(): Promise<Result<{ incoming: Request[]; outgoing: Request[] }>> {
    return this.call("GET", "/friends/requests");
  }
  requestFriend(userId: string): Promise<Result<undefined>> {
    return this.call("POST", "/friends/requests", { userId });
  }
  answerRequest(userId: string, answer: "accept" | "decline"): Promise<Result<undefined>> {
    return this.call("POST", `/friends/requests/${userId}/${answer}`);
  }
  removeFriend(userId: string): Promise<Result<undefined>> {
    return this.call("DELETE", `/friends/${userId}`);
  }
  conversations(): Promise<Result<{ conversations: Conversation[] }>> {
    return this.call("GET", "/conversations");
  }
  history(peer: string, limit: number, before?: number): Promise<Result<{ messages: Message[]; next?: number }>> {
    const from = before === undefined ? "" : `&before=${before}`;
    return this.call("GET", `/conversations/${peer}/messages?limit=${limit}${from}`);
  }

  me(): Promise<Result<{ user: Self }>> {
    return this.call("GET", "/me");
  }
  pushOffer(): Promise<Result<PushOffer>> {
    return this.call("GET", "/push");
  }
  setPush(device: string, address: WebPushAddress): Promise<Result<undefined>> {
    return this.call("PUT", `/devices/${encodeURIComponent(device)}/push`, { kind: "webpush", address });
  }
  deletePush(device: string): Promise<Result<undefined>> {
    return this.call("DELETE", `/devices/${encodeURIComponent(device)}/push`);
  }
  setPushPreviews(on: boolean): Promise<Result<{ user: Self }>> {
    return this.call("PATCH", "/me", { pushPreviews: on });
  }

  /** An access token that is good for at least a minute, or null when the login is over or the server is away. */
  async freshToken(): Promise<string | null> {
    const session = this.session();
    if (session === null) return null;
    if (session.expiresAt - kFreshMarginMs > this.now()) return session.accessToken;
    const renewed = await this.renew(session.refreshToken);
    return renewed.ok ? renewed.value.accessToken : null;
  }

  /** Rotates the refresh token. Whoever waited for another tab's rotation uses what that tab stored. */
  renew(refreshToken: string): Promise<Result<StoredSession>> {
    return this.exclusive.run(async () => {
      const session = this.session();
      if (session === null) return { ok: false, error: { code: "unauthorized", message: "Not logged in" } };
      if (session.refreshToken !== refreshToken) return { ok: true, value: session };
      const answer = await this.request<Grant>("POST", "/refresh", { refreshToken }, null);
      if (!answer.ok) {
        if (answer.error.code === "unauthorized") this.forget();
        return answer;
      }
      const renewed: StoredSession = {
        ...session,
        accessToken: answer.value.accessToken,
        refreshToken: answer.value.refreshToken,
        expiresAt: this.now() + answer.value.expiresIn * 1000,
      };
      saveSession(this.store, renewed);
      return { ok: true, value: renewed };
    });
  }

  private forget(): void {
    this.store.remove("restante.session");
    this.onLoggedOut();
  }

  private async enter(path: string, body: Record<string, string>): Promise<Result<Session>> {
    const answer = await this.request<Session>("POST", path, body, null);
    if (answer.ok) {
      const { expiresIn, ...session } = answer.value;
      saveSession(this.store, { ...session, expiresAt: this.now() + expiresIn * 1000 });
      this.store.set(deviceKey(session.user.username), session.device);
    }
    return answer;
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<Result<T>> {
    const token = await this.freshToken();
    if (token === null) {
      const gone = this.session() === null;
      return { ok: false, error: gone ? { code: "unauthorized", message: "Please log in again" } : kNoAnswer };
    }
    const answer = await this.request<T>(method, path, body, token);
    if (answer.ok || answer.error.code !== "unauthorized") return answer;
    const session = this.session();
    if (session === null) return answer;
    const renewed = await this.renew(session.refreshToken);
    return renewed.ok ? this.request<T>(method, path, body, renewed.value.accessToken) : renewed;
  }

  private async request<T>(method: string, path: string, body: unknown, token: string | null): Promise<Result<T>> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["content-type"] = "application/json";
    if (token !== null) headers.authorization = `Bearer ${token}`;
    const init: RequestInit = { method, headers, signal: this.patience(), cache: "no-store" };
    if (body !== undefined) init.body = JSON.stringify(body);
    try {
      const response = await this.transport(`/api/v1${path}`, init);
      const text = await response.text();
      const parsed: unknown = text === "" ? undefined : JSON.parse(text);
      if (response.ok) return { ok: true, value: parsed as T };
      if (isFailure(parsed)) return { ok: false, error: parsed.error };
      return { ok: false, error: { code: "internal", message: `The server answered ${response.status}` } };
    } catch {
      return { ok: false, error: kNoAnswer };
    }
  }
}

const kNoAnswer: Failure = { code: "network", message: "The server cannot be reached. Please try again." };

function deviceKey(username: string): string {
  return `restante.device.${username.toLowerCase()}`;
}

/** One rotation at a time over all tabs where the browser has Web Locks, else over this tab. */
export function browserExclusive(): Exclusive {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run<T>(task: () => Promise<T>): Promise<T> {
      const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
      if (locks !== undefined) return locks.request("restante.refresh", task) as Promise<T>;
      const next = last.then(task, task);
      last = next.catch(() => undefined);
      return next;
    },
  };
}
