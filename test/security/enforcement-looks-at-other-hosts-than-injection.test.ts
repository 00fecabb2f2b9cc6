import { aProxiedResource } from '#testing';
import { Backend, CallPath } from './call-path.js';

const ARCHIVE_KEY = 'the-archive-key-1987';
const ARCHIVE_REF = { mount: 'secret', path: 'legacy/archive' };

/** Enforcement looks at other hosts than injection: OneCLI #438, OpenShell #1891. Two resources, each with its own secret. */
describe('the destination, the operation and the secret of a call', () => {
  let archive: Backend;
  let path: CallPath;
  beforeEach(async () => {
    archive = await Backend.start();
    path = await CallPath.start();
    await path.parts.seal({ value: ARCHIVE_KEY }, ARCHIVE_REF);
    const resource = aProxiedResource(
      {
        destination: `${archive.origin}/api`,
        credential: { ref: ARCHIVE_REF },
        inject: { kind: 'header', name: 'X-Api-Key', template: '{value}' },
      },
      { id: 'archive' },
    );
    path.parts.resources.set('archive', resource);
  });
  afterEach(async () => {
    await path.stop();
    await archive.stop();
  });

  const hints = (): readonly (readonly [string, string])[] => {
    const host = archive.origin.slice('http://'.length);
    return [
      ...(
        ['Host', 'X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-Forwarded-Server'] as const
      ).map((name) => [name, host] as const),
      ['Forwarded', `host=${host}`],
      ['X-Original-URL', `${archive.origin}/api/accounts/42`],
      ['X-Rewrite-URL', '/proxy/archive/accounts/42'],
      ['Origin', archive.origin],
      ['Referer', `${archive.origin}/api`],
    ];
  };

  it('are of the one resource in the path, whatever the headers name', async () => {
    for (const [name, value] of hints()) {
      const answer = await path.call('/proxy/ledger/accounts/42', { headers: { [name]: value } });
      expect([name, answer.status]).toEqual([name, 200]);
    }
    expect(path.backend.seen).toHaveLength(hints().length);
    expect(path.backend.everything).not.toContain(ARCHIVE_KEY);
    expect(archive.seen).toEqual([]);
  });

  it('are never those of two resources: a handle of one opens nothing of the other', async () => {
    const answer = await path.call('/proxy/archive/accounts/42');
    expect([answer.status, answer.headers['postern-error']]).toEqual([403, 'insufficient_scope']);
    expect([path.backend.seen, archive.seen]).toEqual([[], []]);
  });

  it('stay together when calls of both are made at once', async () => {
    const calls = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0
        ? path.call(`/proxy/ledger/accounts/${index}`)
        : path.call(`/proxy/archive/accounts/${index}`, { handle: { resource: 'archive' } }),
    );
    for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
    expect([path.backend.seen.length, archive.seen.length]).toEqual([20, 20]);
    expect(path.backend.seen.every(({ url }) => Number(url.split('/').at(-1)) % 2 === 0)).toBe(
      true,
    );
    expect(path.backend.everything).not.toContain(ARCHIVE_KEY);
    expect(archive.everything).not.toContain('Basic ');
    expect(archive.everything.split(ARCHIVE_KEY)).toHaveLength(21);
  });
});
