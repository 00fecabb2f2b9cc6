import { withoutCredentials } from '#events';
import { type ClaimValue, JsonRefused, parseStrictJson } from '#identity';
import {
  ALL_PATH_EXCEPTIONS,
  type Intent,
  type NamedCall,
  NO_INTENT,
  parseCallPath,
} from '#policy';
import { OAuthError } from './oauth-error.js';

/** The one type of authorization details (RFC 9396) that is known here. */
export const CALL_DETAILS_TYPE = 'urn:postern:call';

const LIMITS = { depthMax: 3, membersMax: 10 };
const TEXT_BYTES_MAX = 4096;
const MEMBERS: ReadonlySet<string> = new Set([
  'type',
  'method',
  'path',
  'task',
  'maxCalls',
  'expires_in',
]);
const METHOD = /^[A-Z]{1,20}$/;
const TASK = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
const NUMBER_MAX = 1_000_000_000;

type Details = Readonly<Record<string, ClaimValue>>;

const refuse = (detail: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_authorization_details', 'malformed_request', detail, { cause });

/**
 * `authorization_details` (RFC 9396 section 2): a list of one object of type `urn:postern:call`. `method` and `path` go
 * together and name one call, on some resource: what the one that is meant makes no exception of is judged later; `task`
 * groups handles, and stands in events: it holds no handle and no token; `maxCalls` and `expires_in` (seconds) ask for less
 * than the grant.
 * @throws OAuthError invalid_authorization_details (RFC 9396 section 5), also for members that are not known
 */
export function parseIntent(authorizationDetails: string | undefined): Intent {
  if (authorizationDetails === undefined) return NO_INTENT;
  const details = onlyObject(parsed(authorizationDetails));
  for (const name of Object.keys(details)) {
    if (!MEMBERS.has(name)) throw refuse('authorization_details has a member that is not known');
  }
  if (details['type'] !== CALL_DETAILS_TYPE) throw refuse('its type is not urn:postern:call');
  const intent = {
    task: taskOf(details),
    call: callOf(details),
    maxCalls: countOf(details, 'maxCalls'),
    ttlSeconds: countOf(details, 'expires_in'),
  };
  if (Object.values(intent).some((asked) => asked !== undefined)) return intent;
  throw refuse('authorization_details asks for nothing');
}

function parsed(text: string): ClaimValue {
  const bytes = Buffer.from(text);
  if (bytes.length > TEXT_BYTES_MAX) throw refuse('authorization_details is too long');
  try {
    return parseStrictJson(bytes, LIMITS);
  } catch (error) {
    if (error instanceof JsonRefused) throw refuse('authorization_details is not JSON', error);
    throw error;
  }
}

function onlyObject(value: ClaimValue): Details {
  const [details, second] = Array.isArray(value) ? (value as readonly ClaimValue[]) : [];
  const isObject = typeof details === 'object' && details !== null && !Array.isArray(details);
  if (isObject && second === undefined) return details as Details;
  throw refuse('authorization_details is not a list of one object');
}

function callOf(details: Details): NamedCall | undefined {
  const method = textOf(details, 'method', METHOD);
  const path = textOf(details, 'path', /^\//);
  if (method === undefined && path === undefined) return undefined;
  const segments = path === undefined ? undefined : parseCallPath(path, ALL_PATH_EXCEPTIONS);
  if (method === undefined || path === undefined || segments === undefined) {
    throw refuse('method and path do not name one call');
  }
  return { method, path, segments };
}

function taskOf(details: Details): string | undefined {
  const task = textOf(details, 'task', TASK);
  if (task === undefined || withoutCredentials(task, task.length) === task) return task;
  throw refuse('task in authorization_details holds a handle or a token');
}

function textOf(details: Details, name: string, pattern: RegExp): string | undefined {
  if (!Object.hasOwn(details, name)) return undefined;
  const value = details[name];
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw refuse(`${name} in authorization_details is not well-formed`);
}

function countOf(details: Details, name: string): number | undefined {
  if (!Object.hasOwn(details, name)) return undefined;
  const value = details[name];
  const isCount = typeof value === 'number' && Number.isSafeInteger(value);
  if (isCount && value >= 1 && value <= NUMBER_MAX) return value;
  throw refuse(`${name} in authorization_details is not a whole number from 1`);
}
