import { isAtRest, mayFollow, type Rotation } from '#rotation';
import { type RotationState } from '#events';
import { TEST_ROTATED_REF as ref } from '#testing';
import { type RotationRun } from './rotation-run.js';
import { WENT_BACK, wentBackForNothing } from './way-back.js';

/** Observing, draining and ending the old version take their own time. */
const FINISH_MS = 30_000 + 10 * 60_000;
const LOGINS_MAX = 2;

/** What is promised and was not kept; none: all of it was. */
export async function broken(run: RotationRun): Promise<string[]> {
  return [
    ...run.problems,
    ...ofCalls(run),
    ...ofLogins(run),
    ...ofRest(run),
    ...(await ofValues(run)),
    ...[...run.world.rotations.values()].flatMap(({ rotation }) => ofEvents(run, rotation)),
  ];
}

function ofCalls({ sum, isBroken, wentOnWithoutQuiet }: RotationRun): string[] {
  const isExcused = isBroken || wentOnWithoutQuiet;
  return isExcused || sum.refused === 0 ? [] : [`${sum.refused} calls were refused`];
}

function ofLogins({ account, isBroken, wentOnWithoutQuiet }: RotationRun): string[] {
  const ours = account.worstOfRotators();
  const isExcused = isBroken || wentOnWithoutQuiet;
  return [
    ...(ours > LOGINS_MAX ? [`${ours} logins of rotators failed within 15 minutes`] : []),
    ...(account.lockouts > 0 && !isExcused ? ['the account was locked'] : []),
  ];
}

function ofRest(run: RotationRun): string[] {
  const rotations = [...run.world.rotations.values()].map(({ rotation }) => rotation);
  const late = rotations.filter(
    ({ stateSince, deadlineAt }) => stateSince.getTime() > deadlineAt.getTime() + FINISH_MS,
  );
  const hasManual = rotations.some(({ state }) => state === 'manual_required');
  return [
    ...rotations.filter(({ state }) => !isAtRest(state)).map(({ state }) => `it stays ${state}`),
    ...late.map(({ state }) => `it became ${state} after its deadline`),
    ...(run.mostActive > 1 ? ['two rotations were active at once'] : []),
    ...(run.row.gate === 'open' ? [] : [`the gate stays ${run.row.gate}`]),
    ...(run.row.state === 'rotating' ? ['the credential stays rotating'] : []),
    ...(hasManual && !isExpectedToAsk(run) ? ['an administrator is asked for nothing'] : []),
  ];
}

/** Nobody is woken but for what a rotation cannot know or mend. */
const isExpectedToAsk = ({ scenario, isBroken, account }: RotationRun): boolean =>
  isBroken ||
  scenario.outage !== undefined ||
  scenario.interference.what !== 'none' ||
  scenario.faults.size > 0 ||
  account.fates.length > 0;

async function ofValues(run: RotationRun): Promise<string[]> {
  const { row, account, isBroken, scenario } = run;
  const value = await run.valueOfVersion(row.currentVersion);
  const works = value !== undefined && account.valid.has(value);
  const isDeleted = value === undefined && scenario.interference.what === 'deletes';
  const isUndecided = stateOf(run) === 'manual_required' || isBroken || isDeleted;
  return [
    ...(works || isUndecided ? [] : ['the current value does not work']),
    ...(stateOf(run) === 'done' ? ofEnd(run, 'the old value still works') : []),
    ...(stateOf(run) === 'rolled_back' ? ofEnd(run, 'the new value still works') : []),
    ...(wentBackForNothing(run.world, rotationOf(run)) ? [WENT_BACK] : []),
    ...ofTokens(run),
    ...ofCalm(run),
  ];
}

const rotationOf = ({ world, rotation }: RotationRun): Rotation =>
  world.rotations.get(rotation.id)!.rotation;

const stateOf = (run: RotationRun): RotationState => rotationOf(run).state;

function ofEnd(
  { scenario, values, row, isBroken, account }: RotationRun,
  leftOver: string,
): string[] {
  const isAlone = scenario.interference.what === 'none';
  const isLeft = scenario.kind === 'dual_slot' && !isBroken && account.valid.size > 1;
  return [
    ...(isAlone && values.newest(ref) !== row.currentVersion
      ? ['the newest version is not the current one']
      : []),
    ...(isLeft ? [leftOver] : []),
  ];
}

const ofTokens = (run: RotationRun): string[] => [
  ...(run.wrapping.calls.unwrap > 1 ? ['a wrapping token was used up twice'] : []),
  ...(stateOf(run) === 'wrap_suspect' ? ['a token that nobody else had is suspected'] : []),
];

function ofCalm(run: RotationRun): string[] {
  const state = stateOf(run);
  const isCalm = run.scenario.faults.size === 0 && isUneventful(run);
  const mayGoBack = run.scenario.lag !== undefined && state === 'rolled_back';
  return isCalm && state !== 'done' && !mayGoBack
    ? [`nothing went wrong, and it became ${state}`]
    : [];
}

const isUneventful = ({ scenario }: RotationRun): boolean =>
  scenario.fates.length === 0 &&
  scenario.interference.what === 'none' &&
  scenario.outage === undefined &&
  scenario.trouble === undefined &&
  (scenario.givenValueWorks || scenario.kind !== 'external');

/** One event for each transition, in order, each legal. */
function ofEvents(run: RotationRun, rotation: Rotation): string[] {
  const states = run.world.journal.events
    .filter(({ subject }) => subject === `rotation/${rotation.id}`)
    .filter(({ type }) => type.startsWith('dev.postern.rotation.'))
    .map(({ data }) => data as { state: RotationState; prev_state: RotationState });
  let state: RotationState = 'requested';
  for (const one of states) {
    if (one.prev_state !== state) return [`${one.state} follows ${state} without its event`];
    if (!mayFollow(state, one.state) || one.state === state)
      return [`${one.state} may not follow ${state}`];
    state = one.state;
  }
  return state === rotation.state
    ? []
    : [`it is ${rotation.state}, and its last event says ${state}`];
}
