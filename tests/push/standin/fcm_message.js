'use strict';
// What FCM HTTP v1 takes: the fields of `messages:send` that the project may use, and their bounds. Anything else is wrong,
// as the real service refuses unknown names.

const kMaxPayload = 4096;
const kMaxTtlSeconds = 2_419_200;

const isText = (value) => typeof value === 'string';
const isCount = (value) => Number.isInteger(value) && value >= 0;
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value) => isObject(value) && Object.values(value).every(isText);
const isTtl = (value) => isText(value) && /^\d+(\.\d{1,9})?s$/.test(value) && parseFloat(value) <= kMaxTtlSeconds;
const isData = (value) => isTexts(value) &&
  Object.keys(value).every((key) => key !== 'from' && !/^(gcm|google|message_type)/.test(key));
const isPriority = (value) => ['normal', 'high', 'NORMAL', 'HIGH'].includes(value);
const isApnsHeaders = (value) => isTexts(value) && Object.keys(value).every((key) => /^apns-/.test(key)) &&
  (value['apns-collapse-id'] ?? '').length <= 64 && /^(5|10)$/.test(value['apns-priority'] ?? '10') &&
  /^\d+$/.test(value['apns-expiration'] ?? '0');

const kNotification = { title: isText, body: isText };
const kAndroidNotification = { title: isText, body: isText, sound: isText, tag: isText, channel_id: isText, notification_count: isCount };
const kAps = {
  alert: (value) => isText(value) || (isObject(value) && fits(value, kNotification, 'alert') === null),
  badge: isCount, sound: isText, 'thread-id': isText, category: isText, 'content-available': (value) => value === 1, 'mutable-content': (value) => value === 1,
};
const kMessage = {
  token: isText, fid: isText, topic: isText, condition: isText,
  notification: kNotification,
  data: isData,
  android: { collapse_key: isText, priority: isPriority, ttl: isTtl, data: isData, notification: kAndroidNotification },
  apns: { headers: isApnsHeaders, payload: { aps: kAps } },
  webpush: { headers: isTexts, data: isTexts, notification: isObject },
  fcm_options: { analytics_label: isText },
};

/** null, or the path of what is wrong. A rule is a predicate or an object of rules. */
function fits(value, rule, at) {
  if (typeof rule === 'function') return rule(value) ? null : at;
  if (!isObject(value)) return at;
  for (const [key, member] of Object.entries(value)) {
    if (!Object.hasOwn(rule, key)) return `${at}.${key}`;
    const wrong = fits(member, rule[key], `${at}.${key}`);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** null, or what is wrong with the body of a send. */
function problemOf(body) {
  if (!isObject(body) || Object.keys(body).some((key) => key !== 'message' && key !== 'validate_only')) return 'the body is not {message}';
  const wrong = fits(body.message, kMessage, 'message');
  if (wrong !== null) return `Invalid value at '${wrong}'`;
  const targets = ['token', 'fid', 'topic', 'condition'].filter((key) => body.message[key] !== undefined);
  if (targets.length !== 1) return `exactly one target, not [${targets}]`;
  const { [targets[0]]: _, ...payload } = body.message;
  if (Buffer.byteLength(JSON.stringify(payload)) > kMaxPayload) return 'the payload is larger than 4096 bytes';
  return null;
}

/** What a person or an app would get of it, whatever the platform: { title, body, sound, badge, data }. */
function shown({ notification, data = {}, android = {}, apns = {} }) {
  const aps = apns.payload?.aps ?? {};
  const alert = isObject(aps.alert) ? aps.alert : {};
  return {
    title: android.notification?.title ?? notification?.title ?? alert.title,
    body: android.notification?.body ?? notification?.body ?? alert.body,
    sound: [android.notification?.sound, aps.sound],
    badge: [android.notification?.notification_count, aps.badge],
    data,
  };
}

module.exports = { problemOf, shown };
