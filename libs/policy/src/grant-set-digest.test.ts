import {
  compileGrantSet,
  type Grant,
  type GrantFileText,
  type UndigestedGrant,
  compileCondition,
} from '#policy';
import { aGrant, aGrantContext, aGrantFile, aGrantSet, ownTests } from '#testing';

const compile = (files: readonly GrantFileText[]) => compileGrantSet(files, aGrantContext());

describe("a set's digest", () => {
  const digest = (overrides: Record<string, unknown>): string =>
    compile([aGrantFile(overrides)]).digest;

  it('is SHA-256 and the same for the same grants, whatever the files are called', () => {
    expect(digest({})).toMatch(/^[0-9a-f]{64}$/);
    expect(compile([aGrantFile({}, 'renamed.yaml')]).digest).toBe(digest({}));
  });

  it('does not depend on the order of files', () => {
    const clerk = {
      id: 'clerk',
      subject: { issuer: 'example', id: 'clerk' },
      tests: ownTests('clerk'),
    };
    const files = [aGrantFile(), aGrantFile(clerk, 'b.yaml')];
    expect(compile(files).digest).toBe(compile([...files].reverse()).digest);
  });

  it.each([
    { version: 2 },
    { purpose: 'another' },
    { reviewBy: '2027-01-29' },
    { maxTtl: '4m' },
    { maxCalls: 1000 },
    { approvedBy: [] },
    {
      scopes: ['ledger.read', 'ledger.post'],
      tests: ownTests('settler').with(1, { deny: { subject: 'x' } } as never),
    },
    { defaultScopes: undefined },
    { subject: { issuer: 'example', segments: ['settler'] } },
  ])('changes with %j', (change) => {
    expect(digest(change)).not.toBe(digest({}));
  });

  it('is of text that has one writing: half a surrogate pair is refused, and the file named', () => {
    expect(() => digest({ purpose: 'half a pair: \ud800' })).toThrow(
      /: has no digest: half a surrogate pair is no text/,
    );
    expect(digest({ purpose: 'a whole pair: \u{1f600}' })).toMatch(/^[0-9a-f]{64}$/);
  });

  it('keeps the type of a claim value apart', () => {
    const digestOf = (level: unknown) =>
      digest({
        subject: { issuer: 'example', claims: { level } },
        tests: ownTests('settler', { claims: { level } }),
      });
    expect(digestOf(1)).not.toBe(digestOf('1'));
  });
});

describe('the digest of compiled grants', () => {
  const changes: { [Field in keyof UndigestedGrant]: Grant[Field] } = {
    environment: 'prod',
    actor: aGrant().subject,
    clientAuth: 'required',
    when: compileCondition('request.task == "x"'),
    id: 'another',
    version: 2,
    purpose: 'another',
    owner: 'another@example',
    approvedBy: [],
    pattern: 'downscoping',
    created: new Date('2026-10-31T00:00:00Z'),
    reviewBy: new Date('2027-01-30T00:00:00Z'),
    subject: { ...aGrant().subject, issuer: 'https://other.example' },
    resource: 'archive',
    scopes: ['ledger.post'],
    defaultScopes: undefined,
    maxTtlSeconds: 299,
    maxCalls: 1,
    binding: 'mtls',
    maxChainDepth: 1,
    file: 'elsewhere.yaml',
  };
  const digestWith = (change: Partial<Grant>): string => aGrantSet([aGrant(change)]).digest;
  const fields = Object.keys(changes) as (keyof UndigestedGrant)[];

  it.each(fields.filter((field) => field !== 'file'))('changes with %s', (field) => {
    expect(digestWith({ [field]: changes[field] })).not.toBe(digestWith({}));
  });

  it('does not change with the name of the file', () => {
    expect(digestWith({ file: changes.file })).toBe(digestWith({}));
  });
});
