import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkKeyFiles, IssuerKeySource, KeyFileUnusable } from '#adapters/issuers';
import { type IssuerRegistration } from '#identity';
import { DependencyUnavailable } from '#kernel';
import { FixedClock, TestIssuer } from '#testing';

describe('a key file', () => {
  let folder: string;
  let path: string;
  let clock: FixedClock;
  let source: IssuerKeySource;
  let problems: string[];
  let issuer: TestIssuer;
  let registration: IssuerRegistration;

  beforeAll(async () => {
    issuer = await TestIssuer.create({ issuer: 'https://idp.test' });
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-keys-'));
    path = join(folder, 'jwks.json');
    clock = new FixedClock();
    problems = [];
    source = new IssuerKeySource({ clock, onProblem: (message) => problems.push(message) });
    registration = issuer.registration({ keys: { kind: 'file', path } });
    await writeFile(path, JSON.stringify(issuer.jwks()));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const keyIds = async (): Promise<readonly unknown[]> =>
    (await source.current(registration)).keys.map((jwk) => jwk['kid']);
  const replace = async (content: string): Promise<void> => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  const withKey = (kid: string): string => JSON.stringify({ keys: [issuer.publicJwk({ kid })] });

  it('is read', async () => {
    expect(await keyIds()).toEqual([issuer.keyId]);
  });

  it('is read again a second after it was replaced', async () => {
    await keyIds();
    await replace(withKey('second'));
    clock.advance(1);
    expect(await keyIds()).toEqual(['second']);
  });

  it('is read again at once when a key id is unknown', async () => {
    await keyIds();
    await replace(withKey('second'));
    const { keys } = await source.refetch(registration);
    expect(keys.map((jwk) => jwk['kid'])).toEqual(['second']);
  });

  it('is not read again while nobody writes to it', async () => {
    const first = await source.current(registration);
    clock.advance(5);
    expect((await source.current(registration)).keys).toBe(first.keys);
  });

  it('keeps its last good content for an hour when what follows is malformed', async () => {
    await keyIds();
    await replace('{"keys":[');
    clock.advance(60);
    expect(await keyIds()).toEqual([issuer.keyId]);
    expect(problems).toEqual([expect.stringContaining(path)]);
    clock.advance(3600);
    await expect(keyIds()).rejects.toThrow(DependencyUnavailable);
  });

  it('keeps its last good content for an hour when it is taken away', async () => {
    await keyIds();
    await rm(path);
    clock.advance(3599);
    expect(await keyIds()).toEqual([issuer.keyId]);
    clock.advance(1);
    await expect(keyIds()).rejects.toThrow(path);
  });

  it('J-32 without keys rejects everything a second later', async () => {
    await keyIds();
    await replace('{"keys":[]}');
    clock.advance(1);
    expect(await keyIds()).toEqual([]);
  });

  it.each([
    ['missing', async () => rm(path)],
    ['a folder', async () => (path = folder)],
    ['empty', async () => replace('')],
    ['not JSON', async () => replace('keys: []')],
    ['larger than 256 KiB', async () => replace(`{"keys":[]}${' '.repeat(256 * 1024)}`)],
    ['without a list of keys', async () => replace('{"key":[]}')],
  ])('is refused, by name, when it is %s', async (_what, spoil) => {
    await spoil();
    registration = issuer.registration({ keys: { kind: 'file', path } });
    await expect(keyIds()).rejects.toThrow(DependencyUnavailable);
    await expect(keyIds()).rejects.toThrow(path);
    await expect(checkKeyFiles([registration])).rejects.toThrow(KeyFileUnusable);
    await expect(checkKeyFiles([registration])).rejects.toThrow(path);
  });

  it.each([
    ['has no key', (): unknown => ({ keys: [] })],
    ['has an encryption key only', (): unknown => ({ keys: [issuer.publicJwk({ use: 'enc' })] })],
    ['has a private key only', (): unknown => ({ keys: [issuer.privateJwk()] })],
  ])('is refused at start when it %s', async (_what, content) => {
    await replace(JSON.stringify(content()));
    await expect(checkKeyFiles([registration])).rejects.toThrow('no key that may verify');
  });

  it('is passed at start when it has a usable key', async () => {
    const elsewhere = issuer.registration({ keys: { kind: 'uri', uri: 'https://idp.test/jwks' } });
    await expect(checkKeyFiles([elsewhere, registration])).resolves.toBeUndefined();
  });

  it('shows no private key in a message', async () => {
    const jwk = issuer.privateJwk();
    await replace(JSON.stringify({ keys: [jwk, jwk] }));
    await expect(checkKeyFiles([registration])).rejects.toMatchObject({
      message: expect.not.stringContaining(String(jwk['d'])) as unknown,
    });
  });
});
