import { CallPath } from './call-path.js';

/** A caller that can drop, double or shadow the injected credential makes the backend judge another one. */
describe('the injected credential', () => {
  let path: CallPath;
  afterEach(() => path.stop());
  const headersOf = (name: string): string[] => {
    const { rawHeaders } = path.backend.seen.at(-1)!;
    return rawHeaders.filter(
      (_, index) =>
        index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase().replace('_', '-') === name,
    );
  };

  it('cannot be stripped by naming it in Connection', async () => {
    path = await CallPath.start();
    const headers = { connection: 'close, authorization, x-mine', 'x-mine': 'dropped' };
    await path.call('/proxy/ledger/accounts/42', { headers });
    expect(headersOf('authorization')).toHaveLength(1);
    expect(headersOf('authorization')[0]).toMatch(/^Basic /);
    expect(headersOf('x-mine')).toEqual([]);
  });

  it('is the only header of its name, also by the names that CGI takes for the same', async () => {
    path = await CallPath.start({
      registration: { inject: { kind: 'header', name: 'X-Api-Key', template: 'k={value}' } },
      secret: { value: 'the-api-key-1987' },
    });
    const headers = { 'x-api-key': 'mine', X_Api_Key: 'mine', 'X_API-KEY': 'mine' };
    await path.call('/proxy/ledger/accounts/42', { headers });
    expect(headersOf('x-api-key')).toEqual(['k=the-api-key-1987']);
  });

  it.each([
    ['api_key=mine&x=1', 'x=1'],
    ['x=1&API_KEY=mine', 'x=1'],
    ['api%5Fkey=mine', ''],
    ['x=1;api_key=mine&y', 'y'],
    ['api_key', ''],
    ['x=api_key', 'x=api_key'],
  ])('is the only query parameter of its name: %s', async (query, kept) => {
    path = await CallPath.start({
      registration: { inject: { kind: 'query', name: 'api_key', value: 'value' } },
      secret: { value: 'the api&key=1987' },
    });
    await path.call(`/proxy/ledger/accounts/42?${query}`);
    const injected = 'api_key=the%20api%26key%3D1987';
    expect(path.backend.seen[0]!.url).toBe(
      `/api/accounts/42?${kept === '' ? injected : `${kept}&${injected}`}`,
    );
  });

  it.each([
    ['a line end', 'abcdefgh\r\nX-Evil: 1'],
    ['a control character', 'abcdefgh\u0000'],
    ['a letter that no header carries safely', 'abcdefgh\u00e4'],
  ])('is not sent when it holds %s', async (_, value) => {
    path = await CallPath.start({
      registration: { inject: { kind: 'bearer', value: 'value' } },
      secret: { value },
    });
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.status, answer.headers['postern-error']]).toEqual([500, 'credential-unusable']);
    expect(path.backend.seen).toHaveLength(0);
    const denial = path.parts.journal.of('dev.postern.call.denied.v1').at(-1)!;
    expect(denial.reason).toBe('credential_unavailable');
    expect(JSON.stringify([denial, path.problems.map(String)])).not.toContain('abcdefgh');
  });

  it('is missing a field: the event names the field, the caller hears 503', async () => {
    path = await CallPath.start({ secret: { username: 'ledger-svc', passwort: 'the-password' } });
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.status, answer.headers['postern-error']]).toEqual([
      503,
      'credential-unavailable',
    ]);
    const denial = path.parts.journal.of('dev.postern.call.denied.v1').at(-1)!;
    expect(denial.detail).toBe('the secret has no field "password"');
    expect(path.parts.ledger.completed).toHaveLength(1);
  });
});
