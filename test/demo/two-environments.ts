import { type IssuedHandle, PosternRefused } from '#client';
import { until } from '../support/until.js';
import { entityOf, type Environment, type ToldDetection } from './environment.js';
import { timesFrom, timesLine } from './response-times.js';
import { must, type Story } from './step.js';

export interface TwoEnvironments {
  readonly staging: Environment;
  readonly prod: Environment;
}

/** Handles that have no part in anything, and what they are for. */
type Bystanders = Readonly<Record<keyof TwoEnvironments, IssuedHandle>>;

const WARM_DEADLINE_MS = 60_000;

/** What neither of two environments can know alone: found by both, and ended where it was issued. */
export async function tellOfTwoEnvironments(story: Story, both: TwoEnvironments): Promise<void> {
  const { staging, prod } = both;
  const bystanders = await firstExchanges(both);
  const found = await oneTokenInBoth(story, both, bystanders);
  await wrongDoor(story, { home: staging, door: prod, bystander: bystanders.staging });
  await wrongDoor(story, { home: prod, door: staging, bystander: bystanders.prod });
  await whatAnAnalystSees(story, both, found);
}

/** One in each, so that what the figures below tell is no start: not of a connection, not of a consumer group. */
async function firstExchanges({ staging, prod }: TwoEnvironments): Promise<Bystanders> {
  const exchange = async (environment: Environment): Promise<IssuedHandle> =>
    environment.exchange(await environment.mint('settler'));
  const bystanders = { staging: await exchange(staging), prod: await exchange(prod) };
  const seesBoth = (environment: Environment): Promise<boolean> =>
    environment.hasSeen(Object.values(bystanders));
  await until(
    'each environment sees what happens in the other',
    async () => (await seesBoth(staging)) && (await seesBoth(prod)),
    WARM_DEADLINE_MS,
  );
  return bystanders;
}

async function oneTokenInBoth(
  story: Story,
  { staging, prod }: TwoEnvironments,
  bystanders: Bystanders,
): Promise<ToldDetection> {
  let found: ToldDetection | undefined;
  await story.step('one subject token, exchanged in staging and then in prod', async () => {
    const subjectToken = await staging.mint('clerk');
    const first = await staging.exchange(subjectToken);
    must((await staging.call(first)) === 200, 'the first handle does not work');
    let second: IssuedHandle | undefined;
    const D02 = { rule: 'D02' };
    const times = await timesFrom(async () => (second = await prod.exchange(subjectToken)), {
      staging: async () => (await staging.detections(D02)).length > 0,
      prod: async () => (await prod.detections(D02)).length > 0,
      'the handle of staging is dead': async () => (await staging.call(first)) === 401,
      'the handle of prod is dead': async () =>
        second !== undefined && (await prod.call(second)) === 401,
      'the grant is suspended in prod': () => prod.hasDone('suspend_grant', D02.rule),
    });
    const [here, there] = [await staging.detections(D02), await prod.detections(D02)];
    found = there[0];
    await suspendedInProdAlone({ staging, prod });
    await goesOn(staging, bystanders.staging);
    await goesOn(prod, bystanders.prod);
    const { staging: stagingMs, prod: prodMs, ...contained } = times;
    return lines(
      'prod cannot know of the first, and permits the second',
      detectedLine(staging, stagingMs, here),
      detectedLine(prod, prodMs, there),
      `${timesLine([stagingMs, prodMs], Object.values(contained))}: both handles are dead, ` +
        'and the grant is suspended in prod, not in staging',
      'handles of other tokens go on in both',
    );
  });
  return found as unknown as ToldDetection;
}

async function suspendedInProdAlone({ staging, prod }: TwoEnvironments): Promise<void> {
  await staging.exchange(await staging.mint('clerk'));
  const outcome = prod.exchange(await prod.mint('clerk'));
  const refusal = await outcome.catch((error: unknown) => error);
  must(refusal instanceof PosternRefused, 'prod still exchanges under the grant');
}

interface WrongDoor {
  /** Where the handle was issued. */
  readonly home: Environment;
  /** Where it is presented. */
  readonly door: Environment;
  readonly bystander: IssuedHandle;
}

async function wrongDoor(story: Story, { home, door, bystander }: WrongDoor): Promise<void> {
  await story.step(`a handle of ${home.name}, presented in ${door.name}`, async () => {
    const handle = await home.exchange(await home.mint('settler'));
    must((await home.call(handle)) === 200, 'it does not work at home');
    const D03 = { rule: 'D03', entityType: 'handle', entityId: entityOf(handle) };
    let status = 0;
    const { seenAtDoor, seenAtHome, dead } = await timesFrom(
      async () => (status = await door.call(handle)),
      {
        seenAtDoor: async () => (await door.detections(D03)).length > 0,
        seenAtHome: async () => (await home.detections(D03)).length > 0,
        dead: async () => (await home.call(handle)) === 401,
      },
    );
    must(status === 401, `${door.name} answered ${status}`);
    await goesOn(home, bystander);
    return lines(
      `${status} at once`,
      detectedLine(door, seenAtDoor, await door.detections(D03)),
      detectedLine(home, seenAtHome, await home.detections(D03)),
      `${timesLine([seenAtDoor, seenAtHome], [dead])}: it is revoked in ${home.name}; others go on`,
    );
  });
}

/** In prod, by the command line that operators have. */
async function whatAnAnalystSees(
  story: Story,
  { staging, prod }: TwoEnvironments,
  { id, evidence_event_ids: evidence }: ToldDetection,
): Promise<void> {
  await story.step('what an analyst sees of the token', async () => {
    const list = await prod.printed('list', '--rule', 'D02');
    must(list.length === 1, `there are ${list.length} lines`);
    must(
      list.some((line) => line.includes(id) && line.endsWith('open')),
      'it is not in the list',
    );
    const shown = await prod.printed('show', id);
    const told = shown.filter((line) => TOLD.test(line));
    must(told.filter((line) => line.endsWith(': done')).length === 2, 'a response is not done');
    must(
      evidence.every((event) => shown.join('\n').includes(event)),
      'evidence is not shown',
    );
    const [ofStaging, ofProd] = [await staging.ownEvents(evidence), await prod.ownEvents(evidence)];
    must(ofStaging === 1 && ofProd === 1, 'its evidence is not an event of each');
    return lines(
      ...['$ postern detections list --rule D02', ...list],
      ...[`$ postern detections show ${id}`, ...told],
    );
  });
}

/** Why, how bad, by which events, and what was done. */
const TOLD = /^ {2}(?:A subject token|severity|evidence|response| {12}\S)/;

function detectedLine(
  { name }: Environment,
  ms: number,
  [found, ...others]: readonly ToldDetection[],
): string {
  must(found !== undefined && others.length === 0, `${name} has not exactly one detection`);
  must(found.severity === 'critical', `${name} finds it ${found.severity}`);
  return `detected in ${name} after ${ms} ms: ${found.rule}, ${found.severity}, ${found.id}`;
}

async function goesOn(environment: Environment, bystander: IssuedHandle): Promise<void> {
  const status = await environment.call(bystander);
  must(status === 200, `a handle of ${environment.name} that had no part in it got ${status}`);
}

const lines = (...all: readonly string[]): string => all.join('\n    ');
