// npm run demo: the whole story against real processes. Ends with 1 at the first step that does not do what it says.
import { randomBytes } from 'node:crypto';
import { EchoingLedger } from './echoing-ledger.js';
import { ledgerRotation } from './rotation-under-load.js';
import { Story } from './step.js';
import { grantRotations } from '../support/rotation-desk.js';
import { makeStandalone } from '../support/standalone.js';
import { tellStory } from './story.js';

const username = 'ledger-svc';
const password = `legacy-${randomBytes(12).toString('hex')}`;

console.log(
  'starting a legacy ledger and a standalone Postern (PostgreSQL, sealed store and bus inside) ...',
);
const ledger = await EchoingLedger.start(username, password);
const postern = await makeStandalone({
  destination: `${ledger.origin}/api`,
  resource: { rotation: ledgerRotation },
  ...{ username, password, fresh: true },
});
grantRotations(postern);
try {
  await postern.start();
  await tellStory(new Story(), { postern, ledger, username });
  console.log('\nthe demo did all that it said');
} catch (failure) {
  console.error(
    `\nthe demo stopped: ${failure instanceof Error ? failure.message : 'unknown failure'}`,
  );
  process.exitCode = 1;
} finally {
  await postern.process.stop();
  ledger.stop();
}
