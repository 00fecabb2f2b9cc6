import { type Grant, grantSetOf, type PathExceptions } from '#policy';
import { epochSeconds } from '#kernel';
import { ExchangeUnderTest, grantUnderTest, resourceUnderTest } from '#testing';
import { introspectionResponse, tokenResponse } from '../../../apps/sts/src/oauth.wire.js';
import { type OAuthError } from './oauth-error.js';

const TYPE = 'urn:postern:call';
const READ = { method: 'GET', path: '/accounts/1' };

let sts: ExchangeUnderTest;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
});

const withGrant = (overrides: Partial<Grant>): void =>
  sts.grants.replace(grantSetOf([grantUnderTest(overrides)], sts.clock.now()));

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;
const malformed = refusal({ code: 'invalid_authorization_details', reason: 'malformed_request' });
const notAllowed = refusal({ code: 'invalid_authorization_details', reason: 'call_not_allowed' });

const asking = (authorization_details: string, scope = 'ledger.read') =>
  sts.exchange({ authorization_details, scope });
const intending = (asked: Record<string, unknown>, scope?: string) =>
  asking(JSON.stringify([{ type: TYPE, ...asked }]), scope);
const stored = async ({ handleId }: { handleId: string }) =>
  (await sts.handles.findById(handleId))!;

describe('authorization_details that are malformed', () => {
  const object = { type: TYPE, ...READ };

  it.each([
    ['no JSON', 'call'],
    ['JSON with a comma too many', `[${JSON.stringify(object)},]`],
    ['an object without a list', JSON.stringify(object)],
    ['an empty list', '[]'],
    ['two objects', JSON.stringify([object, object])],
    ['an object and null', JSON.stringify([object, null])],
    ['null and an object', JSON.stringify([null, object])],
    ['a list in a list', JSON.stringify([[object]])],
    ['text', JSON.stringify([TYPE])],
    ['a member twice', `[{"type":"${TYPE}","task":"a","task":"b"}]`],
    ['a member twice, once escaped', `[{"type":"${TYPE}","task":"a","t\\u0061sk":"b"}]`],
    ['a byte order mark', `\ufeff${JSON.stringify([object])}`],
    ['too deep', `[{"type":"${TYPE}","task":[[[1]]]}]`],
    ['more than 4 KiB', `${JSON.stringify([object])}${' '.repeat(4096)}`],
  ])('are refused before anything is looked at: %s', async (_, text) => {
    await expect(asking(text)).rejects.toThrow(malformed);
    expect(sts.keys.questions).toBe(0);
    expect(sts.denials).toHaveLength(1);
  });

  it.each<[string, Record<string, unknown>]>([
    ['no type', { type: undefined, task: 'a' }],
    ['another type', { type: 'urn:postern:calls', task: 'a' }],
    ['a type in another case', { type: 'urn:postern:CALL', task: 'a' }],
    ['a list of types', { type: [TYPE], task: 'a' }],
    ['nothing asked for', {}],
    ['an unknown member', { ...READ, body: 'x' }],
    ['a member of RFC 9396 that means nothing here', { ...READ, actions: ['read'] }],
    ['a member in another case', { ...READ, maxcalls: 1 }],
    ['__proto__', { ...READ, ['__proto__']: { maxCalls: 1 }, constructor: 1 }],
    ['a method alone', { method: 'GET' }],
    ['a path alone', { path: '/accounts/1' }],
    ['a method in small letters', { ...READ, method: 'get' }],
    ['an empty method', { ...READ, method: '' }],
    ['a method with a space', { ...READ, method: 'GET ' }],
    ['a method for all', { ...READ, method: '*' }],
    ['a list of methods', { ...READ, method: ['GET'] }],
    ['a list of paths', { ...READ, path: ['/accounts/1'] }],
    ['an empty task', { task: '' }],
    ['a task that is no text', { task: 1 }],
    ['a task that is null', { task: null }],
    ['a task with a line feed', { task: 'a\nb' }],
    ['a task that ends in a line feed', { task: 'a\n' }],
    ['a task that is too long', { task: 'a'.repeat(129) }],
    ['a task that is a handle', { task: `pst_dev_${'a'.repeat(49)}` }],
    ...['maxCalls', 'expires_in'].flatMap((name): [string, Record<string, unknown>][] =>
      [0, -1, 1.5, '1', null, true, [1], {}, 1_000_000_001].map((value) => [
        `${name} of ${JSON.stringify(value)}`,
        { [name]: value },
      ]),
    ),
  ])('are refused: %s', async (_, asked) => {
    await expect(intending(asked)).rejects.toThrow(malformed);
    expect(sts.records.handles.size).toBe(0);
  });

  it('are refused when they are sent twice', async () => {
    const text = JSON.stringify([object]);
    const attempt = sts.exchange({ authorization_details: [text, text] });
    await expect(attempt).rejects.toThrow(refusal({ code: 'invalid_request' }));
  });

  it('count as not sent when they are empty (RFC 6749 section 3.2)', async () => {
    expect((await stored(await asking(''))).intent).toBeUndefined();
  });
});

describe('a call that is named', () => {
  it('is what the handle is for, byte for byte', async () => {
    expect((await stored(await intending(READ))).intent).toEqual(READ);
    const escaped = { method: 'GET', path: '/%61ccounts/%C3%A9t%c3%a9' };
    expect((await stored(await intending(escaped))).intent).toEqual(escaped);
  });

  it('may be HEAD where GET is within the scopes', async () => {
    const head = { ...READ, method: 'HEAD' };
    expect((await stored(await intending(head))).intent).toEqual(head);
  });

  it.each([
    ['a path of no scope', 'GET', '/admin'],
    ['a path in another case', 'GET', '/Accounts/1'],
    ['an escape that decodes to another case', 'GET', '/%41ccounts/1'],
    ['the path above', 'GET', '/accounts'],
    ['an escaped slash, of which the resource makes no exception', 'GET', '/accounts/1%2F2'],
    ['an escaped slash in the place of one', 'GET', '/accounts%2F1'],
    ['a parameter, of which the resource makes no exception', 'GET', '/accounts/1;x=1'],
    ['the root', 'GET', '/'],
    ['a slash at the end that the template has not', 'GET', '/accounts/1/'],
    ['a longer path than the template', 'GET', '/entries/1/2'],
    ['another method', 'DELETE', '/accounts/1'],
    ['OPTIONS for GET', 'OPTIONS', '/accounts/1'],
    ['HEAD for POST', 'HEAD', '/entries'],
    ['the call of another scope', 'POST', '/entries'],
  ])('is refused beyond the scopes that are given: %s', async (_, method, path) => {
    withGrant({ scopes: ['ledger.read', 'ledger.post'] });
    await expect(intending({ method, path })).rejects.toThrow(notAllowed);
    expect(sts.records.handles.size).toBe(0);
  });

  it('is within one scope of several', async () => {
    withGrant({ scopes: ['ledger.read', 'ledger.post'] });
    const issued = await intending({ method: 'POST', path: '/entries' }, 'ledger.read ledger.post');
    expect((await stored(issued)).intent).toEqual({ method: 'POST', path: '/entries' });
  });

  it.each([
    '/accounts/../admin',
    '/accounts/./1',
    '/accounts/..',
    '/accounts/%2e%2e/admin',
    '/accounts/%2E./admin',
    '/accounts/..%20/admin',
    '/accounts/%2F..%2Fadmin',
    '/accounts/%5c..%5cadmin',
    '/accounts/%252e%252e/admin',
    '/accounts/%25%32%65',
    '/accounts/1%2500',
    '/accounts\\1',
    '/accounts/1?x=1',
    '/accounts/1%3bx',
    '/accounts/1#x',
    '/accounts//1',
    '//accounts/1',
    '/accounts/1/?',
    '/accounts/1%00',
    '/accounts/1%0a',
    '/accounts/1\n',
    '/accounts/1%7f',
    '/accounts/1%C2%85',
    '/accounts/%e2%80%ae1',
    '/accounts/%',
    '/accounts/%4',
    '/accounts/%zz',
    '/accounts/%c3',
    '/accounts/%c0%af',
    '/accounts/%ed%a0%80',
    '/accounts/\u00e9',
    '/accounts/\uff0e\uff0e/admin',
    '/accounts/1 ',
    ' /accounts/1',
    'accounts/1',
    'https://ledger.example/accounts/1',
    '/accounts/{id}',
    '/accounts/"1"',
    `/accounts/${'1'.repeat(1_024)}`,
    '',
  ])('is refused when its path can be read in two ways: %j', async (path) => {
    await expect(intending({ method: 'GET', path })).rejects.toThrow(malformed);
  });

  it('may hold what the resource makes an exception of, and is kept byte for byte', async () => {
    const pathExceptions: PathExceptions = new Set(['encoded-slash']);
    const ledger = { ...resourceUnderTest('ledger'), pathExceptions };
    sts = await ExchangeUnderTest.create({ resources: [ledger, resourceUnderTest('archive')] });
    const path = '/accounts/%2F/a%2fb';
    const issued = await intending({ method: 'GET', path });
    expect((await stored(issued)).intent).toEqual({ method: 'GET', path });
    await expect(intending({ method: 'GET', path: '/accounts/1;x=1' })).rejects.toThrow(notAllowed);
    const steps = intending({ method: 'GET', path: '/accounts/..%2Fadmin' });
    await expect(steps).rejects.toThrow(malformed);
  });

  it('is a part of a path by name and not a pattern', async () => {
    const issued = await intending({ method: 'GET', path: '/accounts/**' });
    expect((await stored(issued)).intent).toEqual({ method: 'GET', path: '/accounts/**' });
  });
});

describe('limits that are asked for', () => {
  const inAnHour = () => sts.mint({ exp: epochSeconds(sts.clock.now()) + 3600 });

  it.each([1, 4, 5])('are honoured up to the ceiling: %d calls', async (maxCalls) => {
    withGrant({ maxCalls: 5 });
    expect(await stored(await intending({ maxCalls }))).toMatchObject({ maxCalls });
  });

  it.each([
    ['grant', { maxCalls: 5 }, 6],
    ['resource', { maxCalls: undefined }, 1001],
    ['resource, when the grant says more', { maxCalls: 1_000_000 }, 1001],
  ])('are refused above the calls of the %s', async (_, grant, maxCalls) => {
    withGrant(grant);
    await expect(intending({ maxCalls })).rejects.toThrow(notAllowed);
  });

  it.each([1, 299, 300, 899, 900])('are honoured up to the ceiling: %d s', async (seconds) => {
    withGrant({ maxTtlSeconds: 900 });
    const authorization_details = JSON.stringify([{ type: TYPE, expires_in: seconds }]);
    const issued = await sts.exchange({ subject_token: await inAnHour(), authorization_details });
    expect(issued.expiresInSeconds).toBe(seconds);
  });

  it.each([
    ['grant', 300, 301],
    ['resource', 3600, 901],
  ])('are refused above the life of the %s', async (_, maxTtlSeconds, expires_in) => {
    withGrant({ maxTtlSeconds });
    await expect(intending({ expires_in })).rejects.toThrow(notAllowed);
  });

  it('X-26: never make a handle outlive its subject token', async () => {
    withGrant({ maxTtlSeconds: 900 });
    expect((await intending({ expires_in: 900 })).expiresInSeconds).toBe(300);
  });
});

describe('what was granted of it is told', () => {
  const task = 'close/2026-11';

  it('in the answer (RFC 9396 section 7)', async () => {
    expect(tokenResponse(await intending({ ...READ, task, maxCalls: 1, expires_in: 60 }))).toEqual(
      expect.objectContaining({
        expires_in: 60,
        authorization_details: [{ type: TYPE, ...READ, task, maxCalls: 1 }],
      }),
    );
    expect(tokenResponse(await intending({ task }))['authorization_details']).toEqual([
      { type: TYPE, task, maxCalls: 1000 },
    ]);
  });

  it('in no answer to a request that asked for nothing of it', async () => {
    expect(tokenResponse(await sts.exchange())).not.toHaveProperty('authorization_details');
  });

  it('I-04: by introspection', async () => {
    const { handle } = await intending({ ...READ, task, maxCalls: 3 });
    const result = await sts.server.introspection.introspect(handle);
    const told = introspectionResponse(result, 'https://postern.test');
    expect(told['authorization_details']).toEqual([{ type: TYPE, ...READ, task, maxCalls: 3 }]);
  });

  it('in the events of permits and denials', async () => {
    await intending({ ...READ, task });
    await expect(intending({ method: 'GET', path: '/admin', task })).rejects.toThrow(notAllowed);
    expect(sts.permits).toEqual([expect.objectContaining({ task, call: 'GET /accounts/1' })]);
    expect(sts.denials).toEqual([expect.objectContaining({ task, call: 'GET /admin' })]);
  });
});
