'use strict';
// Two people, two browser windows: from nothing to a chat, through absence and return.
const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Client, Proxy, Server, cleanUp, uniqueName, scale, sleep, until } = require('../integration/harness');
const { launch, Window, becomeFriends } = require('./browser');

let server;
let browser;
before(async () => {
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cleanUp(server);
});

const texts = Array.from({ length: 10 }, (_, index) => `waiting for you, number ${index + 1}`);

describe('two windows', () => {
  const annaName = uniqueName('anna');
  const bertName = uniqueName('bert');
  let anna;
  let bert;
  let bertContext;

  test('register and become friends', async () => {
    const annaContext = await browser.createBrowserContext();
    bertContext = await browser.createBrowserContext();
    anna = await Window.open(annaContext, server.url);
    bert = await Window.open(bertContext, server.url, { dark: true });
    await anna.shot('entry');
    await anna.register(annaName);
    await bert.register(bertName);
    await becomeFriends(anna, annaName, bert, bertName);
    await anna.openChat(bertName);
    await bert.openChat(annaName);
    await anna.seeText('.presence', 'online');
    await bert.seeText('.presence', 'online');
  });

  test('chat online: two ticks, blue when read, typing is seen', async () => {
    await bert.page.click('#tab-people');
    await bert.page.keyboard.press('Escape');
    await anna.write('hello bert');
    await anna.seeMark('hello bert', 'Delivered');
    await bert.click('#tab-chats');
    await bert.seeText('.unread', '1');
    await bert.shot('unread');
    await bert.openChat(annaName);
    await bert.seeLine('hello bert');
    await anna.seeMark('hello bert', 'Read');
    const blue = await anna.page.$eval('.mark-read .tick', (tick) => getComputedStyle(tick).stroke);
    const grey = await anna.page.$eval('.mark-read', () => getComputedStyle(document.documentElement).getPropertyValue('--tick').trim());
    assert.notEqual(blue, grey);
    await bert.type('#text', 'hello');
    await anna.seeText('.presence', 'typing…');
    await anna.shot('typing');
    await bert.page.keyboard.type(' anna');
    await bert.page.keyboard.press('Enter');
    await anna.seeLine('hello anna');
    await bert.seeMark('hello anna', 'Read');
    await anna.write('two lines\nare not sent by Enter'.split('\n')[0]);
    await anna.shot('chat-light');
    await bert.shot('chat-dark');
  });

  test('one is offline: one tick; he comes back: ten messages in order, then all ticks', async () => {
    await bert.page.close();
    await anna.until(() => /last seen/.test(document.querySelector('.presence').textContent));
    for (const text of texts) await anna.write(text);
    await anna.seeMark(texts[9], 'Sent');
    const marks = (await anna.lines()).slice(-10);
    assert.deepEqual(marks.map((line) => [line.text, line.mark]), texts.map((text) => [text, 'Sent']));
    await anna.shot('offline-one-tick');

    bert = await Window.open(bertContext, server.url, { dark: true });
    await bert.seeText('.me', bertName);
    await anna.seeMark(texts[9], 'Delivered');
    await anna.shot('offline-delivered');
    await bert.seeText('.unread', '1');
    await bert.openChat(annaName);
    await bert.seeLine(texts[9]);
    const lines = await bert.lines();
    assert.deepEqual(lines.slice(-10).map((line) => line.text), texts);
    assert.equal(new Set(lines.map((line) => line.text)).size, lines.length, 'nothing is shown twice');
    await anna.seeMark(texts[0], 'Read');
    await anna.seeMark(texts[9], 'Read');
    await anna.shot('back-read');
  });

  test('a reload shows the same conversation', async () => {
    const before = await anna.lines();
    await anna.page.reload({ waitUntil: 'load' });
    await anna.openChat(bertName);
    await anna.seeMark(texts[9], 'Read');
    assert.deepEqual(await anna.lines(), before);
  });

  test('a second tab offers "Use here" and then the first one does', async () => {
    const context = anna.page.browserContext();
    const second = await Window.open(context, server.url);
    await second.seeText('h2', 'open in another tab');
    await second.shot('use-here');
    assert.ok(await anna.page.$eval('.me', (element) => element.checkVisibility()));
    await second.click('#use-here');
    await second.openChat(bertName);
    await anna.seeText('h2', 'open in another tab');
    await second.write('from the second tab');
    await second.seeMark('from the second tab', 'Read');
    await anna.page.bringToFront();
    await anna.click('#use-here');
    await anna.openChat(bertName);
    await anna.seeLine('from the second tab');
    await second.seeText('h2', 'open in another tab');
    await second.page.close();
    second.assertNoProblems();
  });

  test('nothing was reported as wrong by the pages', () => {
    anna.assertNoProblems();
    bert.assertNoProblems();
  });

  test('logging out leads back to the entry', async () => {
    await bert.click('#log-out');
    await bert.see('#username');
    await bert.type('#username', bertName);
    await bert.type('#password', 'not the password');
    await bert.click('form button[type=submit]');
    await bert.seeText('.problem', 'wrong');
    await bert.page.$eval('#password', (input) => (input.value = ''));
    await bert.type('#password', 'a long password');
    await bert.click('form button[type=submit]');
    await bert.openChat(annaName);
    await bert.seeLine(texts[9]);
  });
});

test('what is written while the connection is away is kept, shown once and sent when it is back', async () => {
  const proxy = await Proxy.start(server.port);
  const context = await browser.createBrowserContext();
  const user = await server.register(uniqueName('carl'));
  const friend = await server.register(uniqueName('dora'));
  await server.befriend(user, friend);
  const window = await Window.open(context, proxy.url);
  await window.logIn(user.username, user.password);
  await window.openChat(friend.username);
  await window.write('before');
  await window.seeMark('before', 'Sent');
  proxy.refusing = true;
  proxy.cut();
  await window.seeText('.banner', 'Reconnecting');
  for (const text of ['one', 'two', 'three']) await window.write(text);
  await window.seeMark('three', 'Waiting to be sent');
  await window.shot('reconnecting');
  proxy.refusing = false;
  await window.seeMark('three', 'Sent');
  await window.until(() => document.querySelector('.banner').hidden);
  assert.deepEqual((await window.lines()).map((line) => line.text), ['before', 'one', 'two', 'three']);

  // Saved, but the answer is lost with the connection.
  proxy.swallowAnswers = true;
  await window.write('answer lost');
  await until(async () => (await server.history(user, friend))[0].content === 'answer lost', 'the message in the store');
  proxy.cut();
  proxy.swallowAnswers = false;
  await window.seeMark('answer lost', 'Sent');
  await window.write('after');
  await window.seeMark('after', 'Sent');
  assert.deepEqual((await window.lines()).map((line) => line.text), ['before', 'one', 'two', 'three', 'answer lost', 'after']);
  assert.deepEqual((await server.history(user, friend)).map((message) => message.content), ['after', 'answer lost', 'three', 'two', 'one', 'before']);

  // The outbox survives even the page.
  proxy.refusing = true;
  proxy.cut();
  await window.write('written before the reload');
  await window.seeMark('written before the reload', 'Waiting to be sent');
  proxy.refusing = false;
  await window.page.reload({ waitUntil: 'load' });
  await window.openChat(friend.username);
  await window.seeMark('written before the reload', 'Sent');
  assert.equal((await window.lines()).filter((line) => line.text === 'written before the reload').length, 1);
  window.assertNoProblems();
  proxy.close();
});

test('a session that is replaced elsewhere offers "Use here"; one that is ended asks for the password', async () => {
  const user = await server.register(uniqueName('ines'));
  const first = await Window.open(await browser.createBrowserContext(), server.url);
  await first.logIn(user.username, user.password);
  await first.until(() => localStorage.getItem('restante.session') !== null);
  const stored = await first.page.evaluate(() => localStorage.getItem('restante.session'));
  // The same login in a browser that the first one cannot talk to.
  const second = await Window.open(await browser.createBrowserContext(), server.url);
  await second.page.evaluate((session) => localStorage.setItem('restante.session', session), stored);
  await second.page.reload({ waitUntil: 'load' });
  await second.seeText('.me', user.username);
  await first.seeText('h2', 'open in another tab');
  await sleep(scale(1500));
  assert.ok(await second.page.$eval('.me', (element) => element.checkVisibility()), 'the first one stays away');
  await first.click('#use-here');
  await first.seeText('.me', user.username);
  await second.seeText('h2', 'open in another tab');

  const { device } = JSON.parse(stored);
  await server.expect(204, 'DELETE', `/devices/${device}`, { token: user.token });
  await first.seeText('.notice', 'removed');
  await first.see('#username');
  await first.shot('ended');
  first.assertNoProblems();
});

/** Somebody with an unread conversation of 130 lines. `confirmed`: another device has them; else they come to the new one by themselves. */
async function withLongHistory({ confirmed }) {
  const user = await server.register(uniqueName('emil'));
  const friend = await server.register(uniqueName('finn'));
  await server.befriend(user, friend);
  for (let index = 1; index <= kLongHistory; index += 1) {
    await server.expect(201, 'POST', '/messages', { token: friend.token, body: { recipient: user.id, content: `line ${index}` } });
  }
  if (confirmed) {
    const elsewhere = await Client.connect(server, user);
    await elsewhere.received(kLongHistory);
    const { position } = elsewhere.messages[kLongHistory - 1];
    await until(async () => (await server.device(user, user.device)).position >= position, 'the confirmations of the other device');
    elsewhere.close();
  }
  return { user, friend };
}
const kLongHistory = 130;
const kAllLines = Array.from({ length: kLongHistory }, (_, index) => `line ${index + 1}`);

/** The test decides what becomes of each question for history. Gives the questions for older pages so far. */
async function interceptHistory(page, decide) {
  const older = [];
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (!/\/conversations\/\w+\/messages\?/.test(request.url())) return void request.continue();
    if (request.url().includes('before=')) older.push(request.url());
    decide(request);
  });
  return older;
}
const toTop = (window) => window.page.$eval('.scroller', (box) => (box.scrollTop = 0));
const textsOf = async (window) => (await window.lines()).map((line) => line.text);

test('a long history loads page by page, in order', async () => {
  const { user, friend } = await withLongHistory({ confirmed: true });
  const window = await Window.open(await browser.createBrowserContext(), server.url);
  await window.logIn(user.username, user.password);
  await window.seeText('.unread', '130');
  await window.openChat(friend.username);
  await window.seeLine('line 130');
  assert.deepEqual(await textsOf(window), kAllLines.slice(80));
  for (const [top, first] of [['line 31', 30], ['line 1', 0]]) {
    await toTop(window);
    await window.seeLine(top);
    assert.deepEqual(await textsOf(window), kAllLines.slice(first));
    assert.ok(await window.page.$eval('.scroller', (box) => box.scrollTop > box.clientHeight), 'what was looked at stays where it was');
  }
  assert.equal(await window.page.$eval('.older', (button) => button.checkVisibility()), false);
  await window.until(() => document.querySelector('.unread').hidden);
  window.assertNoProblems();
});

test('a long history that is still coming loads in order, too', async () => {
  const { user, friend } = await withLongHistory({ confirmed: false });
  const window = await Window.open(await browser.createBrowserContext(), server.url);
  await window.logIn(user.username, user.password);
  await window.seeText('.unread', '130');
  await window.openChat(friend.username);
  await window.seeLine('line 130');
  for (const top of ['line 81', 'line 31', 'line 1']) {
    await toTop(window);
    await window.seeLine(top);
    await sleep(scale(50));
  }
  assert.deepEqual(await textsOf(window), kAllLines);
  await window.until(() => document.querySelector('.unread').hidden);
  window.assertNoProblems();
});

test('a backlog that comes before its first page stays on the screen', async () => {
  const { user, friend } = await withLongHistory({ confirmed: false });
  const window = await Window.open(await browser.createBrowserContext(), server.url);
  const held = [];
  const older = await interceptHistory(window.page, (request) => void held.push(request));
  await window.logIn(user.username, user.password);
  await window.seeText('.unread', '130');
  await window.openChat(friend.username);
  await window.seeLine('line 130');
  assert.deepEqual(await textsOf(window), kAllLines);
  await toTop(window);
  await until(() => held.length > 0, 'the question for the first page');
  const answered = window.page.waitForResponse((response) => response.request() === held[0]);
  void held[0].continue();
  await answered;
  await sleep(scale(300)); // nothing may happen
  assert.deepEqual(await textsOf(window), kAllLines);
  assert.deepEqual(older, [], 'everything is there');
  await window.until(() => document.querySelector('.unread').hidden);
  window.assertNoProblems();
});

test('a window taller than a page of history fills by itself', async () => {
  const { user, friend } = await withLongHistory({ confirmed: true });
  const window = await Window.open(await browser.createBrowserContext(), server.url, { height: 7000 });
  await window.logIn(user.username, user.password);
  await window.openChat(friend.username);
  await window.seeLine('line 1');
  assert.deepEqual(await textsOf(window), kAllLines);
  window.assertNoProblems();
});

test('an older page that cannot be read is asked for again by the person only', async () => {
  const { user, friend } = await withLongHistory({ confirmed: true });
  const window = await Window.open(await browser.createBrowserContext(), server.url);
  let refusing = false;
  const older = await interceptHistory(window.page, (request) => void (refusing ? request.abort() : request.continue()));
  await window.logIn(user.username, user.password);
  await window.openChat(friend.username);
  await window.seeLine('line 130');
  refusing = true;
  await toTop(window);
  await until(() => older.length > 0, 'the question for the older page');
  await window.until(() => !document.querySelector('.older').disabled);
  const before = older.length;
  // Each line that is drawn would be an occasion to ask.
  for (const text of ['one', 'two', 'three']) {
    await server.expect(201, 'POST', '/messages', { token: friend.token, body: { recipient: user.id, content: text } });
    await window.seeLine(text);
  }
  assert.equal(older.length, before);
  refusing = false;
  await window.click('.older');
  await window.seeLine('line 31');
  assert.deepEqual(await textsOf(window), [...kAllLines.slice(30), 'one', 'two', 'three']);
  window.assertNoProblems();
});

for (const width of [320, 414]) {
  test(`a phone of ${width} pixels shows one column at a time, by touch and by keyboard`, async () => {
    const user = await server.register(uniqueName('gina'));
    const friend = await server.register(uniqueName('a-rather-long-na'));
    await server.befriend(user, friend);
    for (const content of ['https://example.org/' + 'x'.repeat(200), 'short', '👋🏽 שלום\nsecond line']) {
      await server.expect(201, 'POST', '/messages', { token: friend.token, body: { recipient: user.id, content } });
    }
    const window = await Window.open(await browser.createBrowserContext(), server.url, { width, height: 640, mobile: true, dark: width === 320 });
    await window.assertFits();
    await window.shot(`phone-${width}-entry`);
    await window.logIn(user.username, user.password);
    await window.seeText('.row-name', friend.username);
    await window.assertFits();
    await window.shot(`phone-${width}-list`);
    await window.openChat(friend.username);
    assert.equal(await window.page.$eval('.side', (side) => side.checkVisibility()), false);
    await window.write('from my phone');
    await window.seeMark('from my phone', 'Sent');
    await window.assertFits();
    await window.shot(`phone-${width}-chat`);
    await window.click('.back');
    await window.see('.side');
    await window.click('#tab-people');
    await window.assertFits();
    await window.shot(`phone-${width}-people`);
    window.assertNoProblems();
  });
}

test('everything that can be used has a name', async () => {
  const window = await Window.open(await browser.createBrowserContext(), server.url);
  await window.register(uniqueName('hugo'));
  const nameless = await window.page.evaluate(() => [...document.querySelectorAll('button, input, textarea, [role=img], img')]
    .filter((element) => !(element.getAttribute('aria-label') || element.textContent.trim() || element.labels?.length || element.hasAttribute('alt')))
    .map((element) => element.outerHTML));
  assert.deepEqual(nameless, []);
  const inline = await window.page.evaluate(() => document.querySelectorAll('[style], script:not([src]), style').length);
  assert.equal(inline, 0);
});
