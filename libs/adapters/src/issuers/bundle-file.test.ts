import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkKeyFiles, IssuerKeySource, KeyFileUnusable } from '#adapters/issuers';
import { type IssuerRegistration, type PublishedJwk } from '#identity';
import { FixedClock, TestTrustDomain } from '#testing';

describe('a bundle in a file', () => {
  let folder: string;
  let path: string;
  let clock: FixedClock;
  let domain: TestTrustDomain;
  let registration: IssuerRegistration;
  let source: IssuerKeySource;
  let problems: string[];

  beforeAll(async () => {
    domain = await TestTrustDomain.create('prod.example', new FixedClock());
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-bundle-'));
    path = join(folder, 'bundle.json');
    clock = new FixedClock();
    problems = [];
    source = new IssuerKeySource({ clock, onProblem: (message) => problems.push(message) });
    registration = domain.registration({ id: 'mesh', keys: { kind: 'file', path } });
    await write({ keys: domain.bundleKeys() });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = async (document: unknown): Promise<void> => {
    await writeFile(`${path}.new`, JSON.stringify(document));
    await rename(`${path}.new`, path);
  };
  const keyIds = async (): Promise<readonly unknown[]> =>
    (await source.current(registration)).keys.map((jwk) => jwk['kid']);

  it('is read, and read again a second after it was replaced, whatever it hints', async () => {
    await write({ keys: domain.bundleKeys(), spiffe_refresh_hint: 3600 });
    expect(await keyIds()).toEqual(['prod.example-key']);
    await write({ keys: domain.bundleKeys({ kid: 'second' }), spiffe_refresh_hint: 3600 });
    clock.advance(1);
    expect(await keyIds()).toEqual(['second']);
  });

  it('S-09: without keys vouches for nobody a second later', async () => {
    await keyIds();
    await write({ keys: [] });
    clock.advance(1);
    expect(await keyIds()).toEqual([]);
  });

  it('S-11: is not believed with a lower sequence than before, and somebody is told', async () => {
    await write({ keys: domain.bundleKeys({ kid: 'new' }), spiffe_sequence: 2 });
    await keyIds();
    await write({ keys: domain.bundleKeys({ kid: 'old' }), spiffe_sequence: 1 });
    for (const seconds of [1, 1, 1]) {
      clock.advance(seconds);
      expect(await keyIds()).toEqual(['new']);
    }
    expect(problems).toEqual([expect.stringContaining('sequence 1, and one of 2')]);
  });

  it('is passed at start when it has keys, certificates, or nothing at all', async () => {
    const certificate = { kty: 'EC', use: 'x509-svid', x5c: ['QUJD'] };
    for (const keys of [domain.bundleKeys(), [certificate], []]) {
      await write({ keys });
      await expect(checkKeyFiles([registration])).resolves.toBeUndefined();
    }
  });

  it.each<[string, () => readonly PublishedJwk[], string]>([
    ['is a JWKS', () => [domain.signer.publicJwk()], 'is no bundle'],
    [
      'holds a private key only',
      () => [{ ...domain.signer.privateJwk(), use: 'jwt-svid' }],
      'no key that may be used',
    ],
  ])('S-09: is refused at start when it %s', async (_what, keys, message) => {
    await write({ keys: keys() });
    await expect(checkKeyFiles([registration])).rejects.toThrow(KeyFileUnusable);
    await expect(checkKeyFiles([registration])).rejects.toThrow(message);
  });
});
