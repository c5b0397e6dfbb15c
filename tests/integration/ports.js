'use strict';
// Ports for the servers of tests. Needs no package, so that every suite may have it.
const net = require('node:net');

// Below those that connections get (Linux: from 32768 on): nobody's connection takes a port between its probe and its use.
const kFirstPort = 10_000;
const kPastPorts = 32_000;

function isFree(port) {
  return new Promise((done) => {
    const probe = net.createServer();
    probe.on('error', () => done(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => done(true)));
  });
}

/** With `above`: the port so much above it is free in the same way. */
async function freePort(above = 0) {
  for (;;) {
    const port = kFirstPort + Math.floor(Math.random() * (kPastPorts - above - kFirstPort));
    if (await isFree(port) && await isFree(port + above)) return port;
  }
}

module.exports = { freePort };
