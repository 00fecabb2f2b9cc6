import { commandActions, type HandleAction, type RevocationScope, revocationScopes } from '#events';
import { type HandleSelector, targetOf } from '#handles';
import { COMMAND_EVENT_PREFIX, type SecurityEvent } from '#identity';
import { CommandRefused, type KnownCommand } from './command-refused.js';
import { readRotationTerms, ROTATE_MEMBERS, type RotateCommand } from './rotate-command.js';

/** A command about handles, as its transmitter signed it. */
export interface HandleCommand {
  readonly action: HandleAction;
  readonly selector: HandleSelector;
  /** 1 to 256 printable characters. */
  readonly reason: string;
}

export type SecurityCommand = HandleCommand | RotateCommand;

const ID_CHARACTERS_MAX = 2048;
const TEXT_CHARACTERS_MAX = 256;
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const MEMBERS = ['scope', 'id', 'reason', 'issuer', 'subject_id'];
const RESOURCE_ALONE = 'what is rotated is a resource: its scope is no other';
/** Scopes that need a second member, and which. */
const OWNERS: Readonly<Partial<Record<RevocationScope, 'issuer' | 'subject_id'>>> = {
  key: 'issuer',
  task: 'subject_id',
};

export const isCommand = ({ eventType }: SecurityEvent): boolean =>
  eventType.startsWith(COMMAND_EVENT_PREFIX);

const knownOf = ({ transmitter, jti }: SecurityEvent): KnownCommand => ({
  transmitter: transmitter.registration.id,
  jti,
});

/** @throws CommandRefused `malformed`; `not_allowed` */
export function readCommand(event: SecurityEvent): SecurityCommand {
  const action = commandActions.find((one) => event.eventType === COMMAND_EVENT_PREFIX + one);
  if (action === undefined) throw malformed(event, 'its event is no command that is known');
  const members = new Map(Object.entries(event.event));
  const known = action === 'rotate' ? ROTATE_MEMBERS : MEMBERS;
  if ([...members.keys()].some((name) => !known.includes(name))) {
    throw malformed(event, 'its event has a member that no such command has');
  }
  const told = {
    selector: readSelector(event, members),
    reason: readText(event, members, 'reason'),
  };
  const command = action === 'rotate' ? rotation(event, members, told) : { action, ...told };
  assertAllowed(event, command);
  return command;
}

function rotation(
  event: SecurityEvent,
  members: Members,
  { selector, reason }: Omit<HandleCommand, 'action'>,
): RotateCommand {
  if (selector.scope !== 'resource') throw malformed(event, RESOURCE_ALONE);
  const terms = readRotationTerms(members);
  if (typeof terms === 'string') throw malformed(event, terms);
  return { action: 'rotate', selector: { scope: 'resource', id: selector.id }, reason, ...terms };
}

type Members = ReadonlyMap<string, unknown>;

function readSelector(event: SecurityEvent, members: Members): HandleSelector {
  const scope = revocationScopes.find((one) => one === members.get('scope'));
  if (scope === undefined) throw malformed(event, 'its scope is none that is known');
  const owner = OWNERS[scope];
  for (const name of ['issuer', 'subject_id'] as const) {
    if (members.has(name) !== (name === owner)) {
      throw malformed(event, 'an issuer goes with the scope key, a subject_id with task, and only');
    }
  }
  const id = readText(event, members, 'id', ID_CHARACTERS_MAX);
  switch (scope) {
    case 'key':
      return { scope, id, issuer: readText(event, members, 'issuer', ID_CHARACTERS_MAX) };
    case 'task':
      return { scope, id, subjectId: readText(event, members, 'subject_id') };
    default:
      return { scope, id };
  }
}

function readText(
  event: SecurityEvent,
  members: Members,
  name: string,
  charactersMax = TEXT_CHARACTERS_MAX,
): string {
  const value = members.get(name);
  if (typeof value === 'string' && isPrintable(value, charactersMax)) return value;
  throw malformed(event, `its ${name} is not 1 to ${charactersMax} printable characters`);
}

const isPrintable = (text: string, charactersMax: number): boolean =>
  text.length > 0 && text.length <= charactersMax && !UNPRINTABLE.test(text);

/** What it names of one issuer must be of one that the transmitter speaks of; the rest is bounded when it is done. */
function assertAllowed(event: SecurityEvent, { action, selector }: SecurityCommand): void {
  const { commands, registration, speaksOf } = event.transmitter;
  const about = { ...knownOf(event), action, target: targetOf(selector) };
  if (commands?.actions.has(action) !== true || !commands.scopes.has(selector.scope)) {
    const rule = `${registration.id} may not ${action} by ${selector.scope}`;
    throw new CommandRefused('not_allowed', rule, about);
  }
  const issuer = issuerIn(selector);
  if (issuer !== undefined && !speaksOf.has(issuer)) {
    const rule = `${registration.id} may not speak of that issuer`;
    throw new CommandRefused('not_allowed', rule, about);
  }
}

function issuerIn(selector: HandleSelector): string | undefined {
  if (selector.scope === 'issuer') return selector.id;
  return selector.scope === 'key' ? selector.issuer : undefined;
}

const malformed = (event: SecurityEvent, rule: string): CommandRefused =>
  new CommandRefused('malformed', rule, knownOf(event));
