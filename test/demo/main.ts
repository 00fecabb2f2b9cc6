// npm run demo: the whole story against real processes. Ends with 1 at the first step that does not do what it says.
// `npm run demo -- environments` tells its second part alone: two environments on one Kafka.
import { randomBytes } from 'node:crypto';
import { Running } from '../bench/running.js';
import { grantRotations } from '../support/rotation-desk.js';
import { makeStandalone } from '../support/standalone.js';
import { type DemoKafka, findKafka, KAFKA_WANTED } from './demo-kafka.js';
import { EchoingLedger } from './echoing-ledger.js';
import { Environment } from './environment.js';
import { ledgerRotation } from './rotation-under-load.js';
import { Story } from './step.js';
import { tellStory } from './story.js';
import { tellOfTwoEnvironments } from './two-environments.js';

const USAGE = 'usage: npm run demo [-- environments]';
const EXIT_USAGE = 64; // sysexits.h
const EXIT_INTERRUPTED = 130;

const [part, ...others] = process.argv.slice(2);
if ((part !== undefined && part !== 'environments') || others.length > 0) {
  console.error(USAGE);
  process.exit(EXIT_USAGE);
}
const isSecondPartAlone = part === 'environments';
const story = new Story();
const running = new Running();

async function main(): Promise<void> {
  const kafka = findKafka(); // Begun now and needed later: it takes some seconds.
  running.add(async () => endKafka(await kafka));
  if (!isSecondPartAlone) await tellOfOnePostern();
  const found = await kafka;
  if (found.kind === 'found') await tellOfTwo(found.brokers);
  else sayNotShown(found.why);
  const but = found.kind === 'found' ? '' : ', but for what is not shown';
  console.log(`\nthe demo did all that it said${but}`);
}

async function tellOfOnePostern(): Promise<void> {
  console.log(
    'starting a legacy ledger and a standalone Postern (PostgreSQL, sealed store and bus inside) ...',
  );
  const username = 'ledger-svc';
  const password = `legacy-${randomBytes(12).toString('hex')}`;
  const ledger = await EchoingLedger.start(username, password);
  running.add(() => ledger.stop());
  const postern = await makeStandalone({
    destination: `${ledger.origin}/api`,
    resource: { rotation: ledgerRotation },
    ...{ username, password, fresh: true },
  });
  grantRotations(postern);
  running.add(() => postern.process.stop());
  await timed('standalone', postern.start());
  await tellStory(story, { postern, ledger, username });
  await postern.process.stop();
}

async function tellOfTwo(brokers: string): Promise<void> {
  console.log(
    '\nstarting staging and prod on one Kafka, each with a PostgreSQL and a ledger of its own ...',
  );
  const staging = await Environment.make({ name: 'staging', brokers });
  const prod = await Environment.make({ name: 'prod', brokers, beside: staging });
  const both = [staging, prod];
  running.add(() => Promise.all(both.map((one) => one.stop())));
  await Promise.all(both.map((one) => timed(one.name, one.start())));
  await tellOfTwoEnvironments(story, { staging, prod });
}

/** The line that shows that something moves. */
async function timed(name: string, start: Promise<void>): Promise<void> {
  const beganAt = performance.now();
  await start;
  console.log(`    ${name} is ready after ${((performance.now() - beganAt) / 1000).toFixed(1)} s`);
}

/** Nobody is told that all was shown: where servers are required it is a failure. */
function sayNotShown(why: string): void {
  const what = 'a token, and a handle, that turn up in two environments on one Kafka';
  console.log(`\nnot shown: ${what}\n    why: ${why}\n    to see it, ${KAFKA_WANTED}`);
  if (process.env['POSTERN_TEST_SERVERS'] === 'required') {
    throw new Error('there is no Kafka, and POSTERN_TEST_SERVERS=required');
  }
}

const endKafka = async (kafka: DemoKafka): Promise<void> => {
  if (kafka.kind === 'found') await kafka.stop();
};

const interrupted = (): void => {
  process.exitCode = EXIT_INTERRUPTED; // The step that runs now fails; that is no news.
  void running.end().finally(() => process.exit());
};
process.once('SIGINT', interrupted).once('SIGTERM', interrupted);

await main()
  .catch((failure: unknown) => {
    const why = failure instanceof Error ? failure.message : 'unknown failure';
    console.error(`\nthe demo stopped: ${why}`);
    process.exitCode ??= 1;
  })
  .finally(() => running.end());
