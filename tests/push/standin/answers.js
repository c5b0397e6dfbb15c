'use strict';
// What the providers answer, a row each of docs/push.md, in the shapes that they use.

const kFcmError = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const kBadRequest = 'type.googleapis.com/google.rpc.BadRequest';

function fcmError(code, status, message, { errorCode, field, description = message } = {}) {
  const details = [];
  if (errorCode) details.push({ '@type': kFcmError, errorCode });
  if (field) details.push({ '@type': kBadRequest, fieldViolations: [{ field, description }] });
  return { status: code, json: { error: { code, message, status, ...(details.length ? { details } : {}) } } };
}
const after = (answer, seconds) => (seconds === undefined ? answer : { ...answer, headers: { 'retry-after': String(seconds) } });

const fcm = {
  payloadRefused: () => fcmError(400, 'INVALID_ARGUMENT', "Invalid value at 'message.data[0].value' (TYPE_STRING), 7",
    { field: 'message.data[0].value' }),
  tokenInvalid: () => fcmError(400, 'INVALID_ARGUMENT', 'The registration token is not a valid FCM registration token',
    { errorCode: 'INVALID_ARGUMENT' }),
  tokenInvalidByField: () => fcmError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.',
    { errorCode: 'INVALID_ARGUMENT', field: 'message.token', description: 'Invalid registration token' }),
  unauthenticated: () => fcmError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
  thirdPartyAuth: () => fcmError(401, 'UNAUTHENTICATED', 'Auth error from APNS or Web Push Service', { errorCode: 'THIRD_PARTY_AUTH_ERROR' }),
  permissionDenied: () => fcmError(403, 'PERMISSION_DENIED', "Permission 'cloudmessaging.messages.create' denied on resource"),
  senderMismatch: () => fcmError(403, 'PERMISSION_DENIED', 'SenderId mismatch', { errorCode: 'SENDER_ID_MISMATCH' }),
  unregistered: () => fcmError(404, 'NOT_FOUND', 'Requested entity was not found.', { errorCode: 'UNREGISTERED' }),
  quota: (seconds) => after(fcmError(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for quota metric', { errorCode: 'QUOTA_EXCEEDED' }), seconds),
  internal: () => fcmError(500, 'INTERNAL', 'Internal error encountered.', { errorCode: 'INTERNAL' }),
  unavailable: (seconds) => after(fcmError(503, 'UNAVAILABLE', 'The service is currently unavailable.', { errorCode: 'UNAVAILABLE' }), seconds),
};

const webpush = {
  notFound: () => ({ status: 404, text: 'not found' }),
  gone: () => ({ status: 410, text: 'push subscription has unsubscribed or expired.' }),
  tooLarge: () => ({ status: 413, text: 'payload too large' }),
  throttled: (seconds) => after({ status: 429, text: 'slow down' }, seconds),
  badRequest: () => ({ status: 400, text: 'malformed' }),
  forbidden: () => ({ status: 403, text: 'the VAPID credentials do not correspond to those of the subscription' }),
  internal: () => ({ status: 500, text: 'internal' }),
  unavailable: (seconds) => after({ status: 503, text: 'unavailable' }, seconds),
  redirect: (location) => ({ status: 307, headers: { location }, text: '' }),
};

const token = {
  refused: () => ({ status: 400, json: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } }),
  unavailable: () => ({ status: 503, text: 'unavailable' }),
};

/** Not an answer but what happens instead of one. */
const broken = {
  reset: () => ({ reset: true }),
  hang: () => ({ hang: true }),
};

module.exports = { fcm, webpush, token, broken };
