'use strict';
// What the stand-in is going to answer. `once` rows are used up in order, each by the first request that it fits; after that
// `always` holds; without one the request succeeds.

class Script {
  constructor() {
    this.rows = [];
    this.fallback = null;
  }
  /** @param {object} answer from answers.js, may have delayMs @param {(request) => boolean} fits which requests it is for */
  once(answer, fits = () => true) {
    this.rows.push({ answer, fits });
    return this;
  }
  times(count, answer, fits) {
    for (let index = 0; index < count; index += 1) this.once(answer, fits);
    return this;
  }
  always(answer) {
    this.fallback = answer;
    return this;
  }
  succeed() {
    this.rows.length = 0;
    this.fallback = null;
  }
  next(request) {
    const index = this.rows.findIndex(({ fits }) => fits(request));
    if (index < 0) return this.fallback;
    return this.rows.splice(index, 1)[0].answer;
  }
}

module.exports = { Script };
