// The order of the suites. Those that take long come first, so that no worker is left with one of them at the end; and
// those that mostly wait come beside those that mostly compute, which leaves both cores something to do.
import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';

/** Begun in this order, one after the other as a worker gets free. What is not named follows: see EARLY. */
const FIRST = [
  // Millions of promises: in a process in which others have watched promises before, it takes ten times as long.
  'test/model/rotation.model.test.ts',
  // These read all that lies on the shared broker, some of them again and again: before others write there by thousands.
  'test/contract/event-bus-kafka.test.ts',
  'test/security/no-secret-in-a-deployment.test.ts',
  'test/e2e/config-errors.test.ts',
  'test/contract/event-bus-kafka-outages.test.ts',
  'test/e2e/negative-prober.test.ts',
  'test/e2e/start-refused.test.ts',
  'test/e2e/real-issuer.test.ts',
  'test/chaos/kafka-outage.test.ts',
  'test/security/missing-allow-list-refuses-the-start.test.ts',
  'test/contract/secret-store-vault-outages.test.ts',
  'test/chaos/kafka-trouble.test.ts',
  'test/chaos/evidence-survives-kills.test.ts',
  'test/security/revoked-handle-alive-after-restart.test.ts',
  'test/e2e/rotation.test.ts',
  'test/e2e/foreign-consumers.test.ts',
  'test/chaos/rotation-vault-trouble.test.ts',
  'test/contract/postgres-rotation-stores.test.ts',
  'test/chaos/relay-kill.test.ts',
  'test/chaos/proxy-kill.test.ts',
  'test/contract/postgres-embedded.test.ts',
  'test/e2e/dpop-clients.test.ts',
  'test/chaos/single-use-over-two-processes.test.ts',
  'test/chaos/rotation-real-parts.test.ts',
];

/** Of the rest, those that start servers and processes of their own: none of them may be begun as one of the last. */
const EARLY = /^test\/(?:chaos|contract|e2e|long)\//;

const place = ({ path, context }) => {
  const file = relative(context.config.rootDir, path);
  const index = FIRST.indexOf(file);
  if (index !== -1) return index;
  return EARLY.test(file) ? FIRST.length : FIRST.length + 1;
};

export default class LongSuitesFirst extends TestSequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    return [...sorted].sort((one, other) => place(one) - place(other));
  }
}
