import { compileGrantSet, type GrantFileText, type GrantSource } from '#policy';
import { aGrantContext, aGrantFile } from './policy-builders.js';

/** A source under test, and what a person does to the files behind it. */
export interface GrantSourceUnderTest {
  readonly source: GrantSource;
  /** Puts these files in place of all others; resolves when the source has taken or refused them. */
  publish(files: readonly GrantFileText[]): Promise<void>;
  close(): Promise<void>;
}

const settler = aGrantFile({}, 'settler.yaml');
const clerk = aGrantFile(
  {
    id: 'clerk-reads-archive',
    subject: { issuer: 'example', id: 'clerk' },
    resource: 'archive',
    tests: [
      { permit: { subject: 'clerk', scope: 'ledger.read' } },
      { deny: { subject: 'settler', scope: 'ledger.read' } },
      { deny: { subject: 'Clerk', scope: 'ledger.read' } },
      { deny: { subject: 'clerk', scope: 'ledger.post' } },
    ],
  },
  'clerk.yaml',
);
const ids = (source: GrantSource): readonly string[] => source.current().grants.map(({ id }) => id);
const digestOf = (files: readonly GrantFileText[]): string =>
  compileGrantSet(files, aGrantContext()).digest;

/** What every GrantSource keeps; see the port. `make` starts with the given files. */
export function grantSourceContract(
  make: (files: readonly GrantFileText[]) => Promise<GrantSourceUnderTest>,
): void {
  let tested: GrantSourceUnderTest;
  beforeEach(async () => {
    tested = await make([settler]);
  });
  afterEach(() => tested.close());

  it('answers with the set of its files', () => {
    expect(ids(tested.source)).toEqual(['settlement-reads-ledger']);
    expect(tested.source.current().digest).toBe(digestOf([settler]));
  });

  it('answers with the same set while nothing changes', () => {
    expect(tested.source.current()).toBe(tested.source.current());
  });

  it('swaps to a new set as a whole', async () => {
    const before = tested.source.current();
    await tested.publish([settler, clerk]);
    expect(ids(tested.source)).toEqual(['clerk-reads-archive', 'settlement-reads-ledger']);
    expect(tested.source.current().digest).toBe(digestOf([clerk, settler]));
    expect(before.grants).toHaveLength(1);
  });

  it('drops a grant whose file is gone', async () => {
    await tested.publish([clerk]);
    expect(ids(tested.source)).toEqual(['clerk-reads-archive']);
  });

  it('permits nothing when there is no file left', async () => {
    await tested.publish([]);
    expect(tested.source.current().grants).toEqual([]);
  });

  it('keeps the last good set when a file of the new one is invalid', async () => {
    const before = tested.source.current();
    await tested.publish([aGrantFile({ maxTtl: 'for ever' }, 'settler.yaml'), clerk]);
    expect(tested.source.current()).toBe(before);
  });

  it('takes a good set after an invalid one', async () => {
    await tested.publish([{ file: 'settler.yaml', text: '{' }]);
    await tested.publish([clerk]);
    expect(ids(tested.source)).toEqual(['clerk-reads-archive']);
  });
}
