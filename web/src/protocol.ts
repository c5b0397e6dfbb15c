// The shapes that the server speaks (docs/protocol.md). Names are the server's.

export interface User {
  readonly _id: string;
  readonly username: string;
}
export interface Friend extends User {
  readonly isOnline: boolean;
  readonly lastSeen: string | null;
}
export type MessageStatus = "sent" | "delivered" | "read" | "failed";
export interface Message {
  readonly _id: string;
  readonly sender: string;
  readonly recipient: string;
  readonly content: string;
  readonly timestamp: string;
  readonly status: MessageStatus;
  readonly seq: number;
  readonly clientId?: string;
  readonly deliveredAt?: string;
  readonly readAt?: string;
  readonly position?: number;
}
export interface Conversation {
  readonly peer: User;
  readonly lastMessage: Message | null;
  readonly unread: number;
}
export interface Request {
  readonly user: User;
  readonly timestamp: string;
}
/** What only oneself is shown. */
export interface Self extends User {
  readonly email: string;
  readonly pushPreviews: boolean;
}
export interface PushOffer {
  readonly fcm: boolean;
  readonly webpush: { readonly publicKey: string } | null;
}
/** Where a browser wants to be woken: its subscription. */
export interface WebPushAddress {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}
export interface Session extends Grant {
  readonly user: User;
  readonly device: string;
}

export type ErrorCode =
  | "invalid" | "unauthorized" | "not_allowed" | "not_found" | "conflict" | "too_large"
  | "rate_limited" | "overloaded" | "retry" | "storage_full" | "internal"
  | "network"; // ours: no answer at all
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfter?: number;
  readonly field?: string;
}
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };

export type SendAck =
  | { readonly ok: true; readonly message: Message; readonly status: string; readonly online: boolean; readonly duplicate: boolean }
  | { readonly ok: false; readonly error: Failure };
export type PlainAck = { readonly ok: true } | { readonly ok: false; readonly error: Failure };

export interface Ready {
  readonly userId: string;
  readonly device: string;
  readonly epoch: string;
  readonly head: number;
  readonly position: number;
  readonly recovered: boolean;
  readonly reset: boolean;
}
export type StatusEvent =
  | { readonly peer: string; readonly status: "delivered" | "read"; readonly upTo: number; readonly messageId: string; readonly timestamp: string }
  | { readonly peer: string; readonly status: "failed"; readonly reason: string; readonly messageId: string };
export interface RemovedEvent {
  readonly _id: string;
  readonly peer: string;
  readonly seq: number;
  readonly reason: string;
}
export type EndReason = "logout" | "revoked" | "password_changed" | "device_removed" | "banned" | "replaced";

type Stored = (answer?: { readonly ok: boolean }) => void;
export interface ServerEvents {
  ready(event: Ready): void;
  drained(event: { readonly position: number }): void;
  receive_message(message: Message, stored?: Stored): void;
  message_status(event: StatusEvent, stored?: Stored): void;
  message_removed(event: RemovedEvent, stored?: Stored): void;
  conversation_read(event: { readonly peer: string; readonly upTo: number }, stored?: Stored): void;
  user_online(event: { readonly userId: string; readonly timestamp: string }): void;
  user_offline(event: { readonly userId: string; readonly lastSeen: string | null }): void;
  friend_request(event: { readonly user: User }, stored?: Stored): void;
  friend_accepted(event: { readonly user: User }, stored?: Stored): void;
  friend_removed(event: { readonly user: User }, stored?: Stored): void;
  typing(event: { readonly sender: string; readonly typing: boolean }): void;
  session_expired(event: { readonly reason: EndReason }): void;
}
export interface ClientEvents {
  send_message(message: { readonly recipient: string; readonly content: string; readonly clientId: string }, ack: (answer: SendAck) => void): void;
  mark_read(upTo: { readonly peer: string; readonly upTo: number }, ack: (answer: PlainAck) => void): void;
  typing(event: { readonly recipient: string; readonly typing: boolean }): void;
}
