import assert from "node:assert/strict";
import { test } from "node:test";
import { TabClaim, type TabMessage } from "./tabs";

class Air {
  private readonly ears: ((message: TabMessage) => void)[] = [];
  tab(name: string): TabClaim {
    const channel = {
      post: (message: TabMessage): void => this.ears.forEach((ear) => ear(message)),
      listen: (ear: (message: TabMessage) => void): void => void this.ears.push(ear),
    };
    return new TabClaim(channel, name, () => Promise.resolve());
  }
}

test("the first tab holds the connection and the second does not get it", async () => {
  const air = new Air();
  const first = air.tab("1");
  assert.equal(await first.claim(), true);
  assert.equal(await air.tab("2").claim(), false);
  assert.equal(await first.claim(), true);
});

test("taking over tells the holder, once", async () => {
  const air = new Air();
  const [first, second] = [air.tab("1"), air.tab("2")];
  let taken = 0;
  first.onTaken = () => { taken += 1; };
  await first.claim();
  second.take();
  second.take();
  assert.equal(taken, 1);
  assert.equal(await first.claim(), false);
});

test("a tab that let go leaves the connection to the next", async () => {
  const air = new Air();
  const first = air.tab("1");
  await first.claim();
  first.release();
  assert.equal(await air.tab("2").claim(), true);
});
