'use strict';
// A seeded generator, so that a campaign can be run again (RESTANTE_SEED). mulberry32.
function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { below: (count) => Math.floor(next() * count), between: (low, high) => low + Math.floor(next() * (high - low)) };
}
const seedOfRun = () => Number(process.env.RESTANTE_SEED || Date.now() % 2 ** 31);

module.exports = { seeded, seedOfRun };
