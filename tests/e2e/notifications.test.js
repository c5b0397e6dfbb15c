'use strict';
// Notifications of the page, from the switch to what the service worker shows. A headless browser has no vendor's push service to
// subscribe at, so the subscription is the stand-in's and the browser is handed what the server really sent there. Everything
// else is real: permission, service worker, the address at the server, encryption, the notification.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Server, cleanUp, uniqueName, scale, sleep, until } = require('../integration/harness');
const { StandIn } = require('../push/standin/standin');
const { launch, Window } = require('./browser');

const kGraceMs = 300;

let server;
let browser;
let standin;
before(async () => {
  standin = await StandIn.start();
  server = await Server.start({ set: { ...standin.settings, 'push.fcm_service_account': undefined, 'push.grace_ms': kGraceMs } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp(server);
  await standin?.close();
});

/** The browser's part of Web Push that needs the vendor: what it would give, kept over reloads. */
function pretendToSubscribe(json) {
  const kept = () => JSON.parse(localStorage.getItem('test.subscription') ?? 'null');
  const make = ({ key }) => ({
    endpoint: json.endpoint, toJSON: () => json, options: { applicationServerKey: Uint8Array.from(key).buffer },
    unsubscribe: async () => {
      localStorage.removeItem('test.subscription');
      return true;
    },
  });
  PushManager.prototype.getSubscription = async () => (kept() === null ? null : make(kept()));
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new Error('a browser insists on userVisibleOnly');
    if (Notification.permission !== 'granted') throw new DOMException('no permission', 'NotAllowedError');
    localStorage.setItem('test.subscription', JSON.stringify({ key: [...new Uint8Array(applicationServerKey)] }));
    return make(kept());
  };
}

async function person({ permission = 'granted', ...options } = {}) {
  const context = await browser.createBrowserContext();
  await context.overridePermissions(server.url, permission === 'granted' ? ['notifications'] : []);
  const user = await server.register(uniqueName('nora'));
  const friend = await server.register(uniqueName('otto'));
  await server.befriend(user, friend);
  const subscription = standin.subscribe();
  const open = async () => {
    const window = await Window.open(context, 'about:blank', options);
    await window.page.evaluateOnNewDocument(pretendToSubscribe, subscription.toJSON());
    await window.page.goto(server.url, { waitUntil: 'load' });
    return window;
  };
  const window = await open();
  await window.logIn(user.username, user.password);
  await window.seeText('.me', user.username);
  return { user, friend, subscription, window, open };
}
const isOn = (window, on) => window.until((wanted) => document.querySelector('#notify').getAttribute('aria-checked') === wanted, String(on));
const write = (from, to, content) => server.expect(201, 'POST', '/messages', { token: from.token, body: { recipient: to.id, content } });

/** The address that the server holds for the page's device. */
async function storedAddress(window, user) {
  const session = await window.page.evaluate(() => JSON.parse(localStorage.getItem('restante.session')));
  const { devices } = await server.expect(200, 'GET', '/me/export', { token: user.token });
  return devices.find(({ device }) => device === session.device)?.push?.address;
}

/** Until the server knows it, too: what is written now does not reach the page any more. */
async function closePage(window, user) {
  const { device } = await window.page.evaluate(() => JSON.parse(localStorage.getItem('restante.session')));
  await window.page.close();
  await until(async () => (await server.device(user, device)).online === false, 'the device offline');
}

/** Hands the browser what the push service got. */
async function deliver(window, text) {
  const session = await window.page.createCDPSession();
  const versions = new Promise((done) => session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    if (registrations.length) done(registrations[0].registrationId);
  }));
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.deliverPushMessage', { origin: server.url, registrationId: await versions, data: text });
  await session.detach();
}
const shown = (window) => window.page.evaluate(async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
});
/** The worker hears later than the page that nobody looks at it any more; until then it rightly shows nothing. */
function deliverUntilShown(window, text) {
  return until(async () => {
    await deliver(window, text);
    await sleep(scale(200));
    return (await shown(window)).length === 1;
  }, 'the notification');
}
/** Another tab in front: the page is open and nobody looks at it. */
async function lookAway(window) {
  const other = await window.page.browserContext().newPage();
  await other.bringToFront();
  await window.until(() => document.visibilityState === 'hidden');
  return other;
}

test('the switch asks, subscribes with the server\'s key and stores the address; off takes it back', async () => {
  const { user, subscription, window } = await person();
  await window.click('#tab-settings');
  await window.seeText('#notify-state', 'only while this page is open');
  assert.equal(await window.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0, 'no worker before it is wanted');
  await window.shot('settings-off');
  await window.click('#notify');
  await isOn(window, true);
  await window.shot('settings-on');
  assert.deepEqual(await storedAddress(window, user), { endpoint: subscription.endpoint, keys: subscription.toJSON().keys });
  const { webpush } = await server.expect(200, 'GET', '/push', { token: user.token });
  const used = await window.page.evaluate(() => JSON.parse(localStorage.getItem('test.subscription')).key);
  assert.deepEqual(Buffer.from(used), Buffer.from(webpush.publicKey, 'base64url'));
  await window.page.reload({ waitUntil: 'load' });
  await window.click('#tab-settings');
  await isOn(window, true);
  await window.click('#notify');
  await isOn(window, false);
  assert.equal(await storedAddress(window, user), undefined);
  window.assertNoProblems();
});

test('a push wakes the closed page: generic by default, name and text where asked for; a click leads to the conversation', async () => {
  const { user, friend, subscription, window, open } = await person({ dark: true });
  await window.click('#tab-settings');
  await window.click('#notify');
  await isOn(window, true);
  await closePage(window, user);
  await write(friend, user, 'a secret for later');
  const [generic] = await until(() => standin.pushedTo(subscription).length && standin.pushedTo(subscription), 'the push');
  assert.ok(!generic.text.includes('secret') && !generic.text.includes(friend.username), generic.text);

  const later = await open();
  await later.seeText('.me', user.username);
  const other = await lookAway(later);
  await deliverUntilShown(later, generic.text);
  assert.deepEqual(await shown(later), [{ title: 'New message', body: '', tag: 'restante', data: null }]);
  await other.close();
  await later.page.bringToFront();
  await until(async () => (await shown(later)).length === 0, 'the notification gone, because somebody looks');

  await later.click('#tab-settings');
  await later.click('#previews');
  await later.until(() => document.querySelector('#previews').getAttribute('aria-checked') === 'true');
  await later.shot('settings-dark');
  await closePage(later, user);
  await write(friend, user, 'now with my name');
  const [, named] = await until(() => standin.pushedTo(subscription).length > 1 && standin.pushedTo(subscription), 'the second push');
  const again = await open();
  await again.seeText('.me', user.username);
  await lookAway(again);
  await deliverUntilShown(again, named.text);
  assert.deepEqual(await shown(again), [{ title: friend.username, body: 'now with my name', tag: 'restante', data: friend.id }]);

  // The click itself is the system's; what the worker does with it is ours.
  const target = await again.page.browserContext().waitForTarget((each) => each.type() === 'service_worker' && each.url().startsWith(server.url));
  const worker = await target.worker();
  await worker.evaluate(async () => {
    const [notification] = await self.registration.getNotifications();
    self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
  });
  await again.until((name) => document.querySelector('.peer-name').textContent === name, friend.username);
  assert.deepEqual(standin.problems, []);
  for (const each of [later, again]) each.assertNoProblems();
});

test('a page in the foreground shows none, and its address opens a conversation once', async () => {
  const { friend, window } = await person();
  await window.click('#tab-settings');
  await window.click('#notify');
  await isOn(window, true);
  await window.page.bringToFront();
  await deliver(window, JSON.stringify({ title: 'New message', body: '', badge: 1, data: {} }));
  await sleep(scale(500));
  assert.deepEqual(await shown(window), []);
  await window.page.goto(`${server.url}/#chat=${friend.id}`);
  await window.page.reload({ waitUntil: 'load' });
  await window.until((name) => document.querySelector('.peer-name').textContent === name, friend.username);
  assert.equal(new URL(window.page.url()).hash, '');
  window.assertNoProblems();
});

test('logging out takes the address along', async () => {
  const { user, window } = await person();
  await window.click('#tab-settings');
  await window.click('#notify');
  await isOn(window, true);
  assert.ok(await storedAddress(window, user));
  const device = await window.page.evaluate(() => JSON.parse(localStorage.getItem('restante.session')).device);
  await window.click('#log-out');
  await window.see('#username');
  const { devices } = await server.expect(200, 'GET', '/me/export', { token: user.token });
  assert.equal(devices.find((each) => each.device === device)?.push, undefined);
  await window.until(() => localStorage.getItem('test.subscription') === null);
});

test('says when notifications are blocked, on a phone too', async () => {
  const { window } = await person({ permission: 'denied', width: 320, height: 640, mobile: true });
  await window.click('#tab-settings');
  await window.seeText('#notify-state', 'blocked');
  assert.equal(await window.page.$eval('#notify', (button) => button.disabled), true);
  await window.assertFits();
  await window.shot('settings-phone-320');
  window.assertNoProblems();
});

test('the worker is served as a script, under the policy of the page', async () => {
  const answer = await fetch(`${server.url}/sw.js`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /javascript/);
  assert.match(answer.headers.get('content-security-policy'), /default-src 'none'.*worker-src 'self'/);
  const icon = /icon: ?"([^"]+)"/.exec(fs.readFileSync(path.join(__dirname, '../../web/dist/sw.js'), 'utf8'))[1];
  assert.equal((await fetch(`${server.url}/${icon}`)).headers.get('content-type'), 'image/png');
});
