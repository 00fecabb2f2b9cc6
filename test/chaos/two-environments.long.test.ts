import { EVENT_TOPICS, TOPICS } from '#events';
import { createTopics, describeWithServer, TestKafka } from '#test-support';
import { DetectingDeployment, deploymentName } from '../support/detecting-deployment.js';
import { until } from '../support/until.js';
import { KafkaMirror } from './kafka-mirror.js';

const START_TIMEOUT_MS = 240_000;
const CONTAINED_MS_MAX = 2_000;
const PATIENCE_MS = 20_000;

interface World {
  readonly staging: DetectingDeployment;
  readonly prod: DetectingDeployment;
  stop(): Promise<void>;
}

async function startKafka(name: string): Promise<TestKafka> {
  const kafka = await TestKafka.start(name);
  await createTopics(kafka.brokers);
  return kafka;
}

/** Both deployments on the brokers that each is given. */
async function deploy(stagingBrokers: string, prodBrokers: string): Promise<Omit<World, 'stop'>> {
  const of = (environment: string, brokers: string, beside?: DetectingDeployment) =>
    DetectingDeployment.start({
      ...{ environment, brokers, deployment: deploymentName(environment) },
      ...(beside === undefined ? {} : { beside }),
    });
  const staging = await of('staging', stagingBrokers);
  return { staging, prod: await of('prod', prodBrokers, staging) };
}

async function onOneKafka(): Promise<World> {
  const kafka = await startKafka('two-environments');
  const both = await deploy(kafka.brokers, kafka.brokers);
  return { ...both, stop: () => ended(both, [kafka], []) };
}

async function mirrored(): Promise<World> {
  const [one, other] = [await startKafka('of-staging'), await startKafka('of-prod')];
  const both = await deploy(one.brokers, other.brokers);
  const topics = EVENT_TOPICS.filter((topic) => topic !== TOPICS.canary);
  const routes = [
    { from: one.brokers, to: other.brokers, deployment: both.staging.name, topics },
    { from: other.brokers, to: one.brokers, deployment: both.prod.name, topics },
  ];
  const mirrors = await Promise.all(routes.map((route) => KafkaMirror.start(route)));
  return { ...both, stop: () => ended(both, [one, other], mirrors) };
}

async function ended(
  { staging, prod }: Omit<World, 'stop'>,
  kafkas: readonly TestKafka[],
  mirrors: readonly KafkaMirror[],
): Promise<void> {
  await Promise.all([staging.stop(), prod.stop()]);
  await Promise.all(mirrors.map((mirror) => mirror.stop()));
  await Promise.all(kafkas.map((kafka) => kafka.stop()));
}

/** Milliseconds from the beginning of what is done until all of it has come true. */
async function measured(
  act: () => Promise<unknown>,
  outcomes: Readonly<Record<string, () => Promise<boolean>>>,
): Promise<Readonly<Record<string, number>>> {
  const beganAt = performance.now();
  await act();
  const times = Object.entries(outcomes).map(async ([name, isTrue]) => {
    await until(name, isTrue, PATIENCE_MS);
    return [name, Math.round(performance.now() - beganAt)] as const;
  });
  return Object.fromEntries(await Promise.all(times));
}

function expectInTime(story: string, times: Readonly<Record<string, number>>): void {
  const said = Object.entries(times).map(([name, ms]) => `${name} ${ms} ms`);
  process.stdout.write(`two environments: ${story}: ${said.join(', ')}\n`);
  expect(Math.max(...Object.values(times))).toBeLessThan(CONTAINED_MS_MAX);
}

const isRaised = (deployment: DetectingDeployment, rule: string) => async (): Promise<boolean> =>
  (await deployment.detections(rule)).length > 0;
const isRevoked = (deployment: DetectingDeployment, id: string) => async (): Promise<boolean> =>
  (await deployment.statusOf(id)) === 'revoked';

/** What the deployments share. In the default run the demo shows the first of both, in fewer processes. */
const WORLDS: readonly (readonly [string, () => Promise<World>])[] = [
  ['on one Kafka', onOneKafka],
  ['on a Kafka each, which is mirrored to the other', mirrored],
];

describeWithServer('two environments', 'kafka', () => {
  describeWithServer('with databases', 'postgres-18', () => {
    describeWithServer('with secrets', 'openbao', () => {
      describe.each(WORLDS)('%s', (_, start) => {
        let world: World;
        let staging: DetectingDeployment;
        let prod: DetectingDeployment;
        let bystanders: { readonly staging: string; readonly prod: string };
        const token = (subject: string): Promise<string> => staging.folder.issuer.mint(subject);

        beforeAll(async () => {
          world = await start();
          ({ staging, prod } = world);
          // A first one of each, so that connections and groups are there; nothing befalls it later.
          const [one, other] = [
            await staging.exchange(await token('settler')),
            await prod.exchange(await token('settler')),
          ];
          bystanders = { staging: one.handleId, prod: other.handleId };
          const seen = async (deployment: DetectingDeployment): Promise<boolean> => {
            const rows = await deployment.database.database.query(
              'select 1 from public.evidence_exchange where handle_id = any($1)',
              [Object.values(bystanders)],
            );
            return rows.length === 2;
          };
          await until(
            'both sentinels have seen both exchanges',
            async () => (await seen(staging)) && (await seen(prod)),
            60_000,
          );
        }, START_TIMEOUT_MS);
        afterAll(async () => world.stop(), 90_000);

        it('contains a staging handle that is presented in prod', async () => {
          const { handle, handleId } = await staging.exchange(await token('settler'));
          const times = await measured(
            async () => expect(await prod.call(handle)).toBeGreaterThanOrEqual(400),
            {
              'prod tells of it after': isRaised(prod, 'D03'),
              'staging tells of it after': isRaised(staging, 'D03'),
              'it is revoked in staging after': isRevoked(staging, handleId),
            },
          );
          expectInTime('a staging handle in prod', times);
        }, 60_000);

        it('contains a prod handle that is presented in staging', async () => {
          const { handle, handleId } = await prod.exchange(await token('settler'));
          const times = await measured(
            async () => expect(await staging.call(handle)).toBeGreaterThanOrEqual(400),
            { 'it is revoked in prod after': isRevoked(prod, handleId) },
          );
          expectInTime('a prod handle in staging', times);
        }, 60_000);

        it('contains one subject token that is exchanged in both, and suspends its grant in prod', async () => {
          const subjectToken = await token('clerk');
          const first = await staging.exchange(subjectToken);
          let second = first.handleId;
          const times = await measured(
            async () => {
              second = (await prod.exchange(subjectToken)).handleId;
            },
            {
              'staging tells of it after': isRaised(staging, 'D02'),
              'prod tells of it after': isRaised(prod, 'D02'),
              'revoked in staging after': isRevoked(staging, first.handleId),
              'revoked in prod after': () => isRevoked(prod, second)(),
              'its grant is suspended in prod after': () => prod.isGrantSuspended('clerk-ledger'),
            },
          );
          expectInTime('one token in both', times);
          expect(await staging.isGrantSuspended('clerk-ledger')).toBe(false);
          await expect(prod.exchange(await token('clerk'))).rejects.toThrow();
          await staging.exchange(await token('clerk'));
        }, 60_000);

        it('touches nothing that had no part in it', async () => {
          expect(await staging.statusOf(bystanders.staging)).toBe('active');
          expect(await prod.statusOf(bystanders.prod)).toBe('active');
          await prod.exchange(await token('settler'));
        });

        it('names evidence that exists', async () => {
          for (const [deployment, rule] of [
            [prod, 'D02'],
            [prod, 'D03'],
            [staging, 'D02'],
          ] as const) {
            const [found] = await deployment.detections(rule);
            expect(found!.evidence.length).toBeGreaterThan(0);
            const ids = await Promise.all(
              [staging, prod].map((one) =>
                one.database.database.query<{ id: string }>(
                  `select payload->>'id' as id from public.outbox where payload->>'id' = any($1)`,
                  [found!.evidence],
                ),
              ),
            );
            expect(new Set(ids.flat().map(({ id }) => id))).toEqual(new Set(found!.evidence));
          }
        });
      });
    });
  });
});
