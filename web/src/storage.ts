// What must outlive the tab: the login and the outbox. A browser that refuses storage (switched off, full) throws; here,
// and nowhere else, that becomes an answer.
import type { Session } from "./protocol";

export interface TextStore {
  get(key: string): string | null;
  /** False when it was not stored; what was there before stays. */
  set(key: string, value: string): boolean;
  remove(key: string): void;
}

const localStore: TextStore = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  },
  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // Nothing to do: whoever refuses this keeps nothing either.
    }
  },
};

export function memoryStore(): TextStore {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set(key, value) {
      values.set(key, value);
      return true;
    },
    remove: (key) => void values.delete(key),
  };
}

function hasStorage(): boolean {
  try {
    return typeof localStorage.length === "number"; // a full one too
  } catch {
    return false;
  }
}

/** The browser's; where it is switched off, what is kept lives as long as the tab. */
export const browserStore: TextStore = hasStorage() ? localStore : memoryStore();

export const kSessionKey = "restante.session";

export type StoredSession = Omit<Session, "expiresIn"> & { readonly expiresAt: number };

function isStoredSession(value: unknown): value is StoredSession {
  if (typeof value !== "object" || value === null) return false;
  const session = value as Record<string, unknown>;
  const user = session.user as Record<string, unknown> | null | undefined;
  return (
    typeof session.accessToken === "string" && typeof session.refreshToken === "string" &&
    typeof session.device === "string" && typeof session.expiresAt === "number" &&
    typeof user === "object" && user !== null && typeof user._id === "string" && typeof user.username === "string"
  );
}

export function loadSession(store: TextStore): StoredSession | null {
  try {
    const value: unknown = JSON.parse(store.get(kSessionKey) ?? "null");
    return isStoredSession(value) ? value : null;
  } catch {
    return null;
  }
}

export function saveSession(store: TextStore, session: StoredSession): void {
  store.set(kSessionKey, JSON.stringify(session));
}

/** A random id of 22 visible characters; getRandomValues also works on plain http, where randomUUID is missing. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
