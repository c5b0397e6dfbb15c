'use strict';
// A certificate authority of one's own and a certificate for localhost below it, made anew for every run.
// OpenSSL's command line does the encoding; it is on every system that has ca-certificates.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const openssl = (folder, ...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
const kCurve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** { caFile, ca, key, cert }: the file for the server under test, the rest for the stand-in. */
function makeCertificates(folder) {
  const at = (name) => path.join(folder, name);
  openssl(folder, 'req', '-x509', ...kCurve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=stand-in authority',
    '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  openssl(folder, 'req', ...kCurve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  fs.writeFileSync(at('extensions'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n');
  openssl(folder, 'x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
    '-extfile', 'extensions', '-out', 'server.pem');
  return { caFile: at('ca.pem'), ca: fs.readFileSync(at('ca.pem')), key: fs.readFileSync(at('server.key')), cert: fs.readFileSync(at('server.pem')) };
}

module.exports = { makeCertificates };
