'use strict';
// A headless browser and the few things that the tests do with the page.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const puppeteer = require('puppeteer-core');
const { scale } = require('../integration/harness');

const kShots = path.join(__dirname, '../../build/screenshots');
const kTimeoutMs = scale(15_000);

function findBrowser() {
  if (process.env.RESTANTE_BROWSER) return process.env.RESTANTE_BROWSER;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // Not this one.
    }
  }
  throw new Error('no browser: install chromium or set RESTANTE_BROWSER');
}

function launch() {
  fs.mkdirSync(kShots, { recursive: true });
  // A container has neither the namespaces of the sandbox nor a large /dev/shm.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--lang=en-GB', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'];
  return puppeteer.launch({ executablePath: findBrowser(), headless: true, args, protocolTimeout: scale(60_000) });
}

/** One browser window of one person. Problems that the page reports are collected and must be none. */
class Window {
  static async open(context, url, { width = 1100, height = 720, dark = false, mobile = false } = {}) {
    const window = new Window();
    window.url = url;
    window.problems = [];
    window.page = await context.newPage();
    window.page.setDefaultTimeout(kTimeoutMs);
    await window.page.setViewport({ width, height, isMobile: mobile, hasTouch: mobile, deviceScaleFactor: 1 });
    await window.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
    window.page.on('pageerror', (error) => window.problems.push(String(error)));
    window.page.on('console', (message) => {
      // A broken connection is reported by the browser itself; that is what some of the tests are about.
      if (message.type() === 'error' && !/ERR_|WebSocket|Failed to load resource/.test(message.text())) window.problems.push(message.text());
    });
    await window.page.goto(url, { waitUntil: 'load' });
    return window;
  }

  see(selector) {
    return this.page.waitForSelector(selector, { visible: true });
  }
  /** As a person does it: not before it can be used, since a click on what is disabled is lost. */
  async click(selector) {
    await this.see(`${selector}:not(:disabled)`);
    await this.page.click(selector);
  }
  async type(selector, text) {
    await this.see(selector);
    await this.page.type(selector, text);
  }
  /** Waits until `probe`, run in the page, is true. */
  until(probe, ...args) {
    return this.page.waitForFunction(probe, { polling: 50 }, ...args);
  }
  seeText(selector, text) {
    return this.until((where, what) => [...document.querySelectorAll(where)].some((element) => element.checkVisibility() && element.textContent.includes(what)), selector, text);
  }
  async register(username, password = 'a long password') {
    await this.click('#switch-mode');
    await this.type('#username', username);
    await this.type('#email', `${username}@example.org`);
    await this.type('#password', password);
    await this.click('form button[type=submit]');
    await this.seeText('.me', username);
  }
  async logIn(username, password = 'a long password') {
    await this.type('#username', username);
    await this.type('#password', password);
    await this.click('form button[type=submit]');
    await this.seeText('.me', username);
  }
  async write(text) {
    await this.type('#text', text);
    await this.page.keyboard.press('Enter');
  }
  async openChat(name) {
    await this.click('#tab-chats');
    await this.seeText('.row-name', name);
    await this.page.evaluate((who) => [...document.querySelectorAll('#pane-chats .row')].find((row) => row.textContent.includes(who)).click(), name);
    await this.seeText('.peer-name', name);
  }
  /** [{text, mine, mark}] of the open conversation. */
  lines() {
    return this.page.evaluate(() => [...document.querySelectorAll('.line')].map((line) => ({
      text: line.querySelector('.text').textContent,
      mine: line.classList.contains('mine'),
      mark: line.querySelector('.mark')?.getAttribute('aria-label') ?? null,
    })));
  }
  /** Waits until the mark of the own line with this text is as expected. */
  seeMark(text, mark) {
    return this.until((what, label) => [...document.querySelectorAll('.line.mine')].some((line) =>
      line.querySelector('.text').textContent === what && line.querySelector('.mark').getAttribute('aria-label') === label), text, mark);
  }
  seeLine(text) {
    return this.until((what) => [...document.querySelectorAll('.line .text')].some((line) => line.textContent === what), text);
  }
  async shot(name) {
    await this.page.screenshot({ path: path.join(kShots, `${name}.png`) });
  }
  /** Nothing may be wider than the window. */
  async assertFits() {
    const { scroll, inner } = await this.page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, inner: window.innerWidth }));
    assert.ok(scroll <= inner, `the page is ${scroll} wide in a window of ${inner}`);
  }
  assertNoProblems() {
    assert.deepEqual(this.problems, []);
  }
}

async function becomeFriends(one, oneName, other, otherName) {
  await one.click('#tab-people');
  await one.type('#find', otherName);
  await one.click('.find button[type=submit]');
  await one.seeText('.found', otherName);
  await one.click('.found button');
  await other.seeText('#tab-people', '(1)');
  await other.click('#tab-people');
  await other.seeText('#incoming', oneName);
  await other.shot('friend-request');
  await other.click('#incoming button.primary');
}

module.exports = { launch, Window, becomeFriends, kShots };
