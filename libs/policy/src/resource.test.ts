import {
  compileOperation,
  compileResource,
  permitsCall,
  POSTERN_SCOPES,
  posternResource,
  ResourceInvalid,
  type ResourceRegistration,
  ResourceSet,
} from '#policy';
import { aResource, aResourceRegistration } from '#testing';

const context = { environment: 'dev', publicOrigin: 'https://postern.example' };
const compile = (overrides: Partial<ResourceRegistration>) => () =>
  compileResource(aResourceRegistration(overrides), context);
const handle = aResourceRegistration().handle;

describe('a resource', () => {
  it('has its URI under the public origin and its scopes compiled', () => {
    const resource = compile({ scopes: { 'a.read': ['GET /a'] } })();
    expect(resource.uri).toBe('https://postern.example/proxy/ledger');
    expect(resource.scopes).toEqual(new Map([['a.read', [compileOperation('GET /a')]]]));
  });

  it.each<[string, Partial<ResourceRegistration>, RegExp]>([
    ['the reserved id', { id: 'postern' }, /id: "postern" is reserved/],
    ['an empty id', { id: '' }, /id: expected 1 to 63/],
    ['an id in upper case', { id: 'Ledger' }, /id: expected 1 to 63/],
    ['an id with a slash', { id: 'a/b' }, /id: expected 1 to 63/],
    ['an id with a line feed', { id: 'a\n' }, /id: expected 1 to 63/],
    ['an id that is too long', { id: 'a'.repeat(64) }, /id: expected 1 to 63/],
    ['another environment', { environment: 'prod' }, /this deployment serves "dev" only/],
    ['no scope', { scopes: {} }, /scopes: expected at least one/],
    ['a scope without operations', { scopes: { a: [] } }, /scopes\["a"\]: expected at least one/],
    ['a scope with a space', { scopes: { 'a b': ['GET /'] } }, /RFC 6749/],
    ['an invalid operation', { scopes: { a: ['GET /..'] } }, /scopes\["a"\]\[0\]: operation/],
    ['an invalid forbidden operation', { forbid: ['/x'] }, /forbid\[0\]: operation/],
    ['no presentation', { presentations: [] }, /presentations: expected/],
    ['a ttl above its maximum', { handle: { ...handle, ttlSeconds: 901 } }, /longer than maxTtl/],
    ['a ttl of zero', { handle: { ...handle, ttlSeconds: 0 } }, /at least one second/],
    ['a ttl that is no number', { handle: { ...handle, ttlSeconds: NaN } }, /at least one second/],
    ['no call', { handle: { ...handle, maxCalls: 0 } }, /at least one call/],
    ['no call at once', { handle: { ...handle, concurrencyMax: 0 } }, /maxConcurrency: expected/],
    ['an exception without a reason', { allow: { 'encoded-slash': ' ' } }, /allow\.encoded-slash/],
  ])('is refused with %s', (_what, overrides, message) => {
    expect(compile(overrides)).toThrow(ResourceInvalid);
    expect(compile(overrides)).toThrow(message);
  });

  it('is refused with every problem at once', () => {
    expect(compile({ id: '', scopes: {}, presentations: [] })).toThrow(/id:[^]*presen[^]*scopes/);
  });

  it.each(['PUT /password', 'PUT /{any}', 'PUT /**'])(
    'is refused when a scope could reach a forbidden operation: %s',
    (operation) => {
      const overrides = { scopes: { a: ['GET /a', operation] }, forbid: ['PUT /password'] };
      expect(compile(overrides)).toThrow(/scopes\["a"\]: .* forbid lists as "PUT \/password"/);
    },
  );

  it('makes the exceptions for its paths that have a reason, and no others', () => {
    const allow = { 'encoded-slash': 'vhosts are named /', 'path-parameter': undefined };
    expect(compile({ allow })().pathExceptions).toEqual(new Set(['encoded-slash']));
    expect(compile({})().pathExceptions.size).toBe(0);
  });

  it('covers an escaped slash by a parameter and never by a literal', () => {
    const scopes = { a: ['GET /queues/{vhost}/{name}', 'GET /queues/all'] };
    const resource = compile({ scopes, allow: { 'encoded-slash': 'vhosts are named /' } })();
    const permitted = (...segments: string[]) => permitsCall(resource, ['a'], 'GET', segments);
    expect(permitted('queues', '/', 'orders')).toBeDefined();
    expect(permitted('queues', 'a/b', 'orders')).toBeDefined();
    expect(permitted('queues/all')).toBeUndefined();
    expect(permitted('queues', '/all')).toBeUndefined();
    expect(permitted('queues', 'a/orders')).toBeUndefined();
  });

  it('keeps what it forbids beside scopes that do not reach it', () => {
    const resource = compile({ scopes: { a: ['GET /**'] }, forbid: ['PUT /password'] })();
    expect(resource.forbid).toEqual([compileOperation('PUT /password')]);
  });
});

describe('the reserved resource', () => {
  const postern = posternResource('dev', 'https://postern.example');

  it('has the scopes of Postern itself', () => {
    expect([...postern.scopes.keys()]).toEqual([...POSTERN_SCOPES]);
  });

  it('permits no call whatever', () => {
    expect(permitsCall(postern, [...POSTERN_SCOPES], 'GET', [''])).toBeUndefined();
    expect(permitsCall(postern, [...POSTERN_SCOPES], 'GET', ['a'])).toBeUndefined();
  });
});

describe('a call at a resource', () => {
  const ledger = aResource();

  it('is permitted by an operation of one of the scopes', () => {
    expect(permitsCall(ledger, ['ledger.post', 'ledger.read'], 'GET', ['entries', '7'])).toEqual(
      compileOperation('GET /entries/{id}'),
    );
  });

  it.each([
    ['an operation of another scope', ['ledger.read'], 'POST', ['entries']],
    ['no scope', [], 'GET', ['entries', '7']],
    ['a scope that the resource does not have', ['ledger'], 'GET', ['entries', '7']],
    ['a scope named like a property of every object', ['constructor'], 'GET', ['entries', '7']],
    ['a path outside', ['ledger.read'], 'GET', ['entries']],
  ])('is denied with %s', (_what, scopes, method, segments) => {
    expect(permitsCall(ledger, scopes, method, segments)).toBeUndefined();
  });
});

describe('the one resource of an exchange', () => {
  const ledger = aResource();
  const archive = aResource({ id: 'archive' });
  const set = ResourceSet.of([ledger, archive]);
  const resolve = (audiences: string[], resources: string[] = []) =>
    set.resolve({ audiences, resources });

  it('is found by audience or by resource', () => {
    expect(resolve(['ledger'])).toEqual({ kind: 'resolved', resource: ledger });
    expect(resolve([], [archive.uri])).toEqual({ kind: 'resolved', resource: archive });
  });

  it('X-08: is not one of two audiences', () => {
    expect(resolve(['ledger', 'archive'])).toEqual({ kind: 'many' });
    expect(resolve(['ledger', 'nowhere'])).toEqual({ kind: 'many' });
  });

  it('X-09: is not an audience that is said twice', () => {
    expect(resolve(['ledger', 'ledger'])).toEqual({ kind: 'duplicate' });
    expect(resolve(['ledger', 'archive', 'ledger'])).toEqual({ kind: 'duplicate' });
  });

  it.each(['nowhere', 'Ledger', 'ledger ', '', ledger.uri, '__proto__'])(
    'X-10: is not the unknown audience %j',
    (audience) => {
      expect(resolve([audience])).toEqual({ kind: 'unknown' });
    },
  );

  it('X-11: is never a default', () => {
    expect(resolve([])).toEqual({ kind: 'none' });
    expect(ResourceSet.of([ledger]).resolve({ audiences: [], resources: [] })).toEqual({
      kind: 'none',
    });
  });

  it.each([
    '/proxy/ledger',
    'ledger',
    '',
    `${ledger.uri}#frag`,
    `${ledger.uri}/`,
    `${ledger.uri}?x`,
    'HTTPS://postern.example/proxy/ledger',
    'https://postern.example:443/proxy/ledger',
    'not a uri',
  ])('X-12: is not the resource %j', (uri) => {
    expect(resolve([], [uri])).toEqual({ kind: 'unknown' });
    expect(resolve(['ledger'], [uri])).toEqual({ kind: 'unknown' });
  });

  it('X-13: is not one of two resources', () => {
    expect(resolve([], [ledger.uri, archive.uri])).toEqual({ kind: 'many' });
    expect(resolve([], [ledger.uri, ledger.uri])).toEqual({ kind: 'duplicate' });
  });

  it('X-14: is what audience and resource agree on', () => {
    expect(resolve(['ledger'], [ledger.uri])).toEqual({ kind: 'resolved', resource: ledger });
    expect(resolve(['ledger'], [archive.uri])).toEqual({ kind: 'conflict' });
    expect(resolve(['nowhere'], [ledger.uri])).toEqual({ kind: 'unknown' });
  });

  it('X-15: is the same object by resource as by audience, so the same grants are asked', () => {
    expect(resolve([], [ledger.uri])).toEqual(resolve(['ledger']));
  });
});

describe('a set of resources', () => {
  it('finds by id, and nothing by another', () => {
    const ledger = aResource();
    expect(ResourceSet.of([ledger]).find('ledger')).toBe(ledger);
    expect(ResourceSet.of([ledger]).find('toString')).toBeUndefined();
  });

  it('refuses an id that stands twice', () => {
    expect(() => ResourceSet.of([aResource(), aResource()])).toThrow(
      'resource "ledger": id: is registered twice',
    );
  });

  it('refuses resources of two environments', () => {
    const staging = aResource({ id: 'other', environment: 'staging' });
    expect(() => ResourceSet.of([aResource(), staging])).toThrow(ResourceInvalid);
    expect(() => ResourceSet.of([aResource(), staging])).toThrow(/serves one environment/);
  });
});
