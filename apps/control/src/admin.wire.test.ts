import { BadAdminRequest } from './admin-refusal.js';
import { parseCorrelationId, parseHandleFilter } from './admin.wire.js';
import { parseOrder } from './orders.wire.js';

describe('the query of a list of handles', () => {
  it('asks for 100 when it says nothing', () => {
    expect(parseHandleFilter({})).toEqual({ limit: 100 });
  });

  it('is taken as it is written', () => {
    const query = { resource: 'ledger', status: 'active', after: 'hdl_1', limit: '500' };
    expect(parseHandleFilter(query)).toEqual({ ...query, limit: 500 });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ limit: '0' }, 'limit: expected 1 to 500'],
    [{ limit: '501' }, 'limit: expected 1 to 500'],
    [{ limit: '1e2' }, 'limit: expected 1 to 500'],
    [{ limit: ['2', '3'] }, 'limit: '],
    [{ status: 'dead' }, 'status: '],
    [{ resource: '' }, 'resource: '],
    [{ resource: 'a\u0000b' }, 'resource: expected text without control characters'],
    [{ after: 'x'.repeat(257) }, 'after: '],
    [{ colour: 'red' }, 'the query: Unrecognized key: "colour"'],
  ])('%j is refused, naming the member', (query, detail) => {
    const read = (): unknown => parseHandleFilter(query);
    expect(read).toThrow(BadAdminRequest);
    expect(read).toThrow(detail);
  });
});

describe('an order to revoke', () => {
  it.each(['handle', 'family', 'subject', 'issuer', 'grant', 'resource'])(
    'may name a %s',
    (scope) => {
      const order = { scope, id: 'https://idp.test', reason: 'a leak' };
      expect(parseOrder(order)).toEqual({
        selector: { scope, id: 'https://idp.test' },
        reason: 'a leak',
      });
    },
  );

  it.each<[string, unknown, string]>([
    ['no reason', { scope: 'handle', id: 'hdl_1' }, 'reason: '],
    ['an empty reason', { scope: 'handle', id: 'hdl_1', reason: '' }, 'reason: '],
    ['a reason of two lines', { scope: 'handle', id: 'hdl_1', reason: 'a\nb' }, 'reason: '],
    ['no id', { scope: 'handle', reason: 'x' }, 'id: '],
    ['an id that is no text', { scope: 'handle', id: 1, reason: 'x' }, 'id: '],
    ['another scope', { scope: 'everything', id: 'x', reason: 'x' }, 'scope: '],
    ['an unknown member', { scope: 'handle', id: 'x', reason: 'x', force: true }, 'the body: '],
    ['a list for a body', [], 'the body: '],
    ['no body', undefined, 'the body: '],
    ['a text for a body', 'scope=handle', 'the body: '],
  ])('with %s is refused, naming the member', (_, body, detail) => {
    const read = (): unknown => parseOrder(body);
    expect(read).toThrow(BadAdminRequest);
    expect(read).toThrow(detail);
  });
});

describe('a correlation id', () => {
  it('is taken as it is written', () => {
    expect(parseCorrelationId(' req_1 ')).toBe(' req_1 ');
  });

  it.each(['', 'x'.repeat(257), 'a\u0000b', 'a\nb', '\ud800', undefined])(
    'is refused as %j',
    (value) => {
      const read = (): unknown => parseCorrelationId(value);
      expect(read).toThrow(BadAdminRequest);
      expect(read).toThrow('the correlation id: ');
    },
  );
});
