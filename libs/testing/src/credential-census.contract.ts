import { type CredentialReport, INSTANCE_GONE_MS, type InstanceReport } from '#credentials';
import { type LeasedRotation, type RotationStep } from '#rotation';
import { TEST_ROTATED_REF } from './rotation-builders.js';
import {
  adopted,
  CURRENT,
  leasedIn,
  ROTATION_EVENT,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';

/** What an instance says of the credential of the builders. */
export const aReport = (
  instanceId: string,
  report: Partial<CredentialReport> = {},
): InstanceReport => ({
  instanceId,
  credentials: [{ ref: TEST_ROTATED_REF, serial: 1, holding: false, uses: [], ...report }],
});

/** Calls under way with CURRENT. */
export const calls = (unanswered: number, open = unanswered): CredentialReport['uses'] => [
  { version: CURRENT, open, unanswered, recent: open },
];

/** What every CredentialCensus must do with reports, and what follows for gates. Each test has empty stores. */
export function credentialCensusContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as the census of calls', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const uses = (): ReturnType<RotationStoresUnderTest['book']['instances']> =>
      under.book.instances(TEST_ROTATED_REF);

    it('answers a report with every credential as it is', async () => {
      expect(await under.census.report(aReport('one'))).toEqual([]);
      const ledger = await adopted(under);
      const mailRef = { mount: 'kv', path: 'mail' };
      await under.book.adopt({ ref: mailRef, resource: 'mail', version: 1 }, []);
      const mail = await under.book.find(mailRef);
      const answer = await under.census.report(aReport('one'));
      expect(answer).toHaveLength(2);
      expect(answer).toEqual(expect.arrayContaining([ledger, mail]));
    });

    it('answers by what is committed: the next report has the closed gate', async () => {
      await adopted(under);
      const lease = await leasedIn(under, 'staged');
      const step = stepTo(lease.rotation, 'quiescing', { credential: { gate: 'quiescing' } });
      await under.store.commit(lease, step);
      expect(await under.census.report(aReport('one'))).toEqual([
        await under.book.find(TEST_ROTATED_REF),
      ]);
      expect((await under.census.report(aReport('one')))[0]).toMatchObject({
        gate: 'quiescing',
        serial: 2,
      });
    });

    it('tells what each instance said last', async () => {
      await adopted(under);
      await under.census.report(aReport('one', { uses: calls(5) }));
      await under.census.report(aReport('one', { serial: 1, holding: true, uses: calls(1, 2) }));
      await under.otherCensus.report(aReport('two'));
      expect(await uses()).toEqual([
        {
          instanceId: 'one',
          serial: 1,
          holding: true,
          uses: [{ version: CURRENT, open: 2, unanswered: 1, recent: 2 }],
        },
        { instanceId: 'two', serial: 1, holding: false, uses: [] },
      ]);
    });

    it('says of an instance that knows nothing of a credential that it acts by none', async () => {
      await adopted(under);
      await under.census.report({ instanceId: 'new', credentials: [] });
      expect(await uses()).toEqual([{ instanceId: 'new', serial: 0, holding: false, uses: [] }]);
    });

    it('takes an instance for gone that is silent, and for there again when it reports', async () => {
      await adopted(under);
      await under.census.report(aReport('one'));
      await under.pass(INSTANCE_GONE_MS / 1000 - 2);
      await under.otherCensus.report(aReport('two'));
      expect((await uses()).map(({ instanceId }) => instanceId)).toEqual(['one', 'two']);
      await under.pass(2.1);
      expect((await uses()).map(({ instanceId }) => instanceId)).toEqual(['two']);
      await under.census.report(aReport('one'));
      expect((await uses()).map(({ instanceId }) => instanceId)).toEqual(['one', 'two']);
    });

    it('takes an instance that leaves for gone at once, and no other', async () => {
      await adopted(under);
      await under.census.report(aReport('one'));
      await under.otherCensus.report(aReport('two'));
      await under.census.leave('one');
      await under.census.leave('never there');
      expect((await uses()).map(({ instanceId }) => instanceId)).toEqual(['two']);
    });

    describe('when the gate is to be closed', () => {
      let lease: LeasedRotation;

      beforeEach(async () => {
        await adopted(under);
        lease = await leasedIn(under, 'quiescing');
      });

      const close: () => RotationStep = () =>
        stepTo(lease.rotation, 'applying', {
          credential: { gate: 'held' },
          onlyWhenQuiet: true,
        });
      const tryToClose = (): Promise<'committed' | 'not_quiet'> =>
        under.store.commit(lease, close());
      const quiet = (instanceId: string): InstanceReport =>
        aReport(instanceId, { holding: true, uses: calls(0, 3) });

      it('closes it when every live instance holds its calls and has none unanswered', async () => {
        await under.census.report(quiet('one'));
        await under.otherCensus.report(quiet('two'));
        expect(await tryToClose()).toBe('committed');
        expect(await under.book.find(TEST_ROTATED_REF)).toMatchObject({ gate: 'held', serial: 2 });
      });

      it('closes it when there is no instance', async () => {
        expect(await tryToClose()).toBe('committed');
      });

      it.each<[string, Partial<CredentialReport>]>([
        ['does not hold its calls', { holding: false }],
        ['has a call unanswered', { uses: calls(1, 3) }],
        [
          'has a call unanswered with another version',
          {
            uses: [...calls(0), { version: CURRENT - 1, open: 1, unanswered: 1, recent: 0 }],
          },
        ],
        ['acts by an older row', { serial: 0 }],
        ['acts by another row', { serial: 2 }],
        ['speaks of another credential', { ref: { mount: 'secret', path: 'other' } }],
        ['speaks of another mount', { ref: { mount: 'kv', path: TEST_ROTATED_REF.path } }],
      ])('does nothing while an instance %s', async (_, report) => {
        await under.census.report(quiet('one'));
        await under.otherCensus.report(
          aReport('two', { holding: true, uses: calls(0, 3), ...report }),
        );
        expect(await tryToClose()).toBe('not_quiet');
        expect(await under.book.find(TEST_ROTATED_REF)).toMatchObject({ gate: 'open', serial: 1 });
        expect((await under.store.list({ limit: 1 }))[0]).toEqual(lease.rotation);
        expect(await under.eventTypes('ledger')).toEqual([]);
        await under.otherCensus.report(quiet('two'));
        expect(await tryToClose()).toBe('committed');
        expect(await under.eventTypes('ledger')).toEqual([ROTATION_EVENT('applying')]);
      });

      it('does nothing while an instance has said nothing of the credential', async () => {
        await under.census.report({ instanceId: 'new', credentials: [] });
        expect(await tryToClose()).toBe('not_quiet');
      });

      it('waits for no instance that is gone', async () => {
        await under.census.report(aReport('one', { uses: calls(3) }));
        await under.pass(INSTANCE_GONE_MS / 1000 - 2);
        expect(await tryToClose()).toBe('not_quiet');
        await under.pass(2.1);
        expect(await tryToClose()).toBe('committed');
      });

      it('waits for no instance that has left', async () => {
        await under.census.report(aReport('one', { uses: calls(3) }));
        expect(await tryToClose()).toBe('not_quiet');
        await under.census.leave('one');
        expect(await tryToClose()).toBe('committed');
      });

      it('closes it without a look at calls when that is not asked for', async () => {
        await under.census.report(aReport('one', { uses: calls(3) }));
        const step = { ...close(), onlyWhenQuiet: false };
        expect(await under.store.commit(lease, step)).toBe('committed');
      });
    });

    it('takes a credential that is not in hand for not quiet: nobody holds calls for it', async () => {
      const lease = await leasedIn(under, 'quiescing');
      const step = stepTo(lease.rotation, 'applying', {
        credential: { gate: 'held' },
        onlyWhenQuiet: true,
      });
      expect(await under.store.commit(lease, step)).toBe('not_quiet');
    });
  });
}
