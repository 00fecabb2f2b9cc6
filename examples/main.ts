import { startExampleIssuer } from './issuer/example-issuer.js';
import { startExampleLedger } from './ledger/example-ledger.js';
import { LedgerPassword } from './ledger/ledger-password.js';

// What `npm start` puts beside Postern: an issuer that vouches for workloads, and a legacy system with one password, which
// Postern rotates. With EXAMPLE_LEDGER_PASSWORD_FILE the ledger keeps the newest over restarts.
const password = LedgerPassword.open(
  process.env['EXAMPLE_LEDGER_PASSWORD'],
  process.env['EXAMPLE_LEDGER_PASSWORD_FILE'],
);
if (password === undefined) {
  console.error('EXAMPLE_LEDGER_PASSWORD: not set; `npm start` makes one up and sets it');
  process.exit(78);
}
const host = process.env['EXAMPLE_HOST'] ?? '127.0.0.1';
const issuer = process.env['EXAMPLE_ISSUER'] ?? 'http://127.0.0.1:8090';
const servers = await Promise.all([
  startExampleIssuer({ host, port: 8090, issuer, audience: 'http://127.0.0.1:8080' }),
  startExampleLedger({ host, port: 8091, username: 'ledger-svc', password }),
]);
console.log('example issuer on http://127.0.0.1:8090, example ledger on http://127.0.0.1:8091');

const stop = (): void => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
};
process.once('SIGINT', stop).once('SIGTERM', stop);
