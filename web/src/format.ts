// Times in words, in the reader's language and zone.
import type { MessageStatus } from "./protocol";

const kMinuteMs = 60_000;
const kHourMs = 60 * kMinuteMs;

export function clockTime(timestamp: string, locale?: string): string {
  return new Date(timestamp).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** Days between two moments in local dates; rounded because a day of a clock change has 23 or 25 hours. */
export function daysBetween(earlier: Date, later: Date): number {
  return Math.round((startOfDay(later) - startOfDay(earlier)) / (24 * kHourMs));
}

export function dayName(timestamp: string, now: Date, locale?: string): string {
  const date = new Date(timestamp);
  const days = daysBetween(date, now);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return date.toLocaleDateString(locale, { weekday: "long" });
  return date.toLocaleDateString(locale, { day: "numeric", month: "long", year: "numeric" });
}

export function listTime(timestamp: string, now: Date, locale?: string): string {
  const date = new Date(timestamp);
  const days = daysBetween(date, now);
  if (days <= 0) return clockTime(timestamp, locale);
  if (days < 7) return date.toLocaleDateString(locale, { weekday: "short" });
  return date.toLocaleDateString(locale, { day: "2-digit", month: "2-digit", year: "2-digit" });
}

export function presenceText(isOnline: boolean, lastSeen: string | null, now: Date, locale?: string): string {
  if (isOnline) return "online";
  if (lastSeen === null) return "offline";
  const age = now.getTime() - new Date(lastSeen).getTime();
  if (age < kMinuteMs) return "last seen just now";
  if (age < kHourMs) return `last seen ${Math.floor(age / kMinuteMs)} min ago`;
  const day = dayName(lastSeen, now, locale);
  return `last seen ${day === "Today" || day === "Yesterday" ? day.toLowerCase() : day} at ${clockTime(lastSeen, locale)}`;
}

/** What a screen reader says for the ticks. */
export function statusText(status: MessageStatus | "waiting"): string {
  switch (status) {
    case "waiting": return "Waiting to be sent";
    case "sent": return "Sent";
    case "delivered": return "Delivered";
    case "read": return "Read";
    case "failed": return "Not delivered";
  }
}
