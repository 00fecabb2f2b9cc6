import { type EvidenceHistory, type SeenGap } from '#detection';
import { type RecordedEvent } from '#events';
import { aDeniedCall, aPermittedExchange, DETECTION_AT } from './detection-builders.js';

type Append = (...events: readonly RecordedEvent[]) => Promise<void>;

const FAR = new Date('9999-01-01T00:00:00Z');

/** The events with these places among those of one handle. */
const placed = (
  sequences: readonly number[],
  { handle_id = 'hdl_1', deployment = 'postern-prod' } = {},
): RecordedEvent[] =>
  sequences.map((sequence) =>
    aDeniedCall({ handle_id, reason: 'suspended' }, { sequence, deployment, at: DETECTION_AT }),
  );

/** How every EvidenceHistory tells what is missing. Which time it goes by is the machine's. */
export function evidenceGapsContract(history: () => EvidenceHistory, append: Append): void {
  /** Of whatever was kept until now, and a little longer. */
  const gaps = (): Promise<readonly SeenGap[]> => history().gaps({ from: new Date(0), until: FAR });

  it.each<[string, readonly number[], readonly number[]]>([
    ['in order', [1, 2, 3], []],
    ['in another order', [3, 1, 2], []],
    ['twice', [1, 2, 2, 3, 1], []],
    ['from the middle on', [40, 41], []],
    ['without one', [1, 2, 4], [1]],
    ['without several', [1, 5, 6, 8], [3, 1]],
  ])('tells the gaps in what came %s: %j', async (_, sequences, missing) => {
    await append(...placed(sequences));
    expect((await gaps()).map((gap) => gap.missing)).toEqual(missing);
  });

  it('names the event behind a gap, and where it came from', async () => {
    const [one, three] = placed([1, 3], { deployment: 'postern-eu' });
    await append(one!, three!);
    expect(await gaps()).toEqual([
      {
        eventId: three!.id,
        at: DETECTION_AT,
        environment: 'prod',
        deployment: 'postern-eu',
        partitionKey: 'hdl_1',
        missing: 1,
      },
    ]);
  });

  it('has no gap any more when what was missing has come', async () => {
    const [one, two, three] = placed([1, 2, 3]);
    await append(one!, three!);
    expect(await gaps()).toHaveLength(1);
    await append(two!);
    expect(await gaps()).toEqual([]);
  });

  it('counts for each deployment and each key by itself', async () => {
    await append(...placed([1, 2]), ...placed([3, 4], { handle_id: 'hdl_2' }));
    await append(...placed([5], { deployment: 'postern-eu' }));
    expect(await gaps()).toEqual([]);
  });

  it('counts no key whose events it sees only in part', async () => {
    await append(aPermittedExchange({}, { sequence: 1 }), aPermittedExchange({}, { sequence: 9 }));
    expect(await gaps()).toEqual([]);
  });

  it('tells a gap by when the event behind it was kept', async () => {
    const before = new Date(0);
    await append(...placed([1, 3]));
    expect(await history().gaps({ from: before, until: before })).toEqual([]);
    expect(await history().gaps({ from: FAR, until: FAR })).toEqual([]);
  });
}
