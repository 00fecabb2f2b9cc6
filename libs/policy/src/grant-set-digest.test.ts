import { compileGrantSet } from '#policy';
import { aGrantContext, aGrantFile } from '#testing';

const compile =
  (files: readonly GrantFileText[], context: Partial<GrantContext> = {}) =>
  () =>
    compileGrantSet(files, aGrantContext(context));
const one = (overrides: Record<string, unknown>, context: Partial<GrantContext> = {}) =>
  compile([aGrantFile(overrides, 'g.yaml')], context);

/** Own tests that hold for a subject, whatever else its grant says. */
const testsFor = (subject: string, more: Record<string, unknown> = {}) => [
  { permit: { subject, scope: 'ledger.read', ...more } },
  { deny: { subject, scope: 'ledger.post', ...more } },
  { deny: { subject, scope: 'ledger.read', issuer: 'other', ...more } },
  { deny: { subject, scope: 'ledger.read', resource: 'archive', ...more } },
];
describe("a set's digest", () => {
  const digest = (overrides: Record<string, unknown>): string => one(overrides)().digest;

  it('is SHA-256 and the same for the same grants, whatever the files are called', () => {
    expect(digest({})).toMatch(/^[0-9a-f]{64}$/);
    expect(compile([aGrantFile({}, 'renamed.yaml')])().digest).toBe(digest({}));
  });

  it('does not depend on the order of files', () => {
    const clerk = {
      id: 'clerk',
      subject: { issuer: 'example', id: 'clerk' },
      tests: testsFor('clerk'),
    };
    const files = [aGrantFile(), aGrantFile(clerk, 'b.yaml')];
    expect(compile(files)().digest).toBe(compile([...files].reverse())().digest);
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
      tests: testsFor('settler').with(1, { deny: { subject: 'x' } } as never),
    },
    { defaultScopes: undefined },
    { subject: { issuer: 'example', segments: ['settler'] } },
  ])('changes with %j', (change) => {
    expect(digest(change)).not.toBe(digest({}));
  });

  it('keeps the type of a claim value apart', () => {
    const digestOf = (level: unknown) =>
      digest({
        subject: { issuer: 'example', claims: { level } },
        tests: testsFor('settler', { claims: { level } }),
      });
    expect(digestOf(1)).not.toBe(digestOf('1'));
  });
});

