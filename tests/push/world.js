'use strict';
// A real server whose providers are the stand-in, and people with devices that want to be woken.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { Server, cleanUp, scale, uniqueName, until } = require('../integration/harness');
const { StandIn, answers } = require('./standin/standin');

/** Short, so that tests need not wait; the default is looked at by the unit tests of the outbox. */
const kGraceMs = 200;

class World {
  static async start(set = {}) {
    const world = new World();
    world.standin = await StandIn.start();
    world.server = await Server.start({ set: { ...world.standin.settings, 'push.grace_ms': kGraceMs, ...set } });
    [world.sender, world.marked] = await world.pair();
    world.marker = await world.giveToken(world.marked);
    return world;
  }
  async close() {
    await cleanUp(this.server);
    await this.standin.close();
  }
  /** Between tests: no script, no records. */
  reset() {
    for (const service of ['token', 'fcm', 'webpush']) this.standin[service].succeed();
    this.standin.requests.length = 0;
    this.standin.problems.length = 0;
  }
  /** What the stand-in refused by itself is a fault of the server. */
  assertNoProblems() {
    assert.deepEqual(this.standin.problems, []);
  }

  /** Two friends; the second one's device is called phone. */
  async pair() {
    const sender = await this.server.register(uniqueName('anna'));
    const recipient = await this.server.register(uniqueName('bert'), 'phone');
    await this.server.befriend(sender, recipient);
    return [sender, recipient];
  }
  /** A registration token of FCM for the user's device; gives the token. */
  async giveToken(user, token = `fcm-${randomBytes(24).toString('base64url')}`) {
    await this.put(user, { kind: 'fcm', address: { token } });
    return token;
  }
  /** A browser's subscription for the user's device; gives it. */
  async giveSubscription(user) {
    const subscription = this.standin.subscribe();
    await this.put(user, { kind: 'webpush', address: subscription.toJSON() });
    return subscription;
  }
  put(user, body, status = 204) {
    return this.server.expect(status, 'PUT', `/devices/${user.device}/push`, { token: user.token, body });
  }
  /** The address that the server holds for a device, as the user's export shows it. */
  async address(user) {
    const { devices } = await this.server.expect(200, 'GET', '/me/export', { token: user.token });
    return devices.find(({ device }) => device === user.device)?.push;
  }
  async write(sender, recipient, content = 'hello') {
    const answer = await this.server.expect(201, 'POST', '/messages', { token: sender.token, body: { recipient: recipient.id, content } });
    return answer.message;
  }
  /** A recipient who is away, with a token, and somebody who can write to it: { sender, user, token }. */
  async away() {
    const [sender, user] = await this.pair();
    return { sender, user, token: await this.giveToken(user) };
  }
  async awayBrowser() {
    const [sender, user] = await this.pair();
    return { sender, user, subscription: await this.giveSubscription(user) };
  }

  sent(token, count = 1, milliseconds = 10_000) {
    return until(() => this.standin.sentTo(token).length >= count && this.standin.sentTo(token),
      `${count} pushes by FCM, got ${JSON.stringify(this.standin.of('fcm').map(({ target, answer }) => [target?.slice(0, 12), answer]))}, problems ${this.standin.problems}`, milliseconds);
  }
  pushed(subscription, count = 1, milliseconds = 10_000) {
    return until(() => this.standin.pushedTo(subscription).length >= count && this.standin.pushedTo(subscription),
      `${count} pushes by Web Push, got ${JSON.stringify(this.standin.of('webpush').map(({ target, answer }) => [target, answer]))}, problems ${this.standin.problems}`, milliseconds);
  }
  /**
   * Everything that was due before now has been handled: pushes leave in the order in which they fall due, and one that falls due
   * later has arrived.
   */
  async settled() {
    const known = this.standin.sentTo(this.marker).length;
    await this.write(this.sender, this.marked, 'marker');
    await this.sent(this.marker, known + 1);
  }
  eventually(probe, what, milliseconds) {
    return until(probe, what, milliseconds);
  }
  /** The address of the user's device is gone. */
  eventuallyWithout(user) {
    return until(async () => (await this.address(user)) === undefined, 'the address deleted');
  }
  /** The first push to this target has its answer, however late it was. */
  answered(target) {
    return until(() => this.standin.requests.some((request) => request.target === target && request.answeredAt), 'the late answer');
  }
  /** restante_push_total of a provider by outcome, without those that never happened. */
  async outcomes(provider) {
    const found = {};
    for (const line of (await this.server.metrics()).split('\n')) {
      const match = /^restante_push_total\{(.*)\} (\d+)/.exec(line);
      if (match && match[1].includes(`provider="${provider}"`) && Number(match[2]) > 0) found[/outcome="([^"]+)"/.exec(match[1])[1]] = Number(match[2]);
    }
    return found;
  }
}

module.exports = { World, answers, kGraceMs, scale };
