import { type CredentialRefusal } from '#credentials';
import { randomId } from '#kernel';
import { aRotation, aRotationEvent, TEST_ROTATED_REF } from './rotation-builders.js';
import {
  adopted,
  CURRENT,
  leasedIn,
  ROTATION_EVENT,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';

export const OPENED = 'dev.postern.credential.breaker_opened.v1';
export const STATE = 'dev.postern.credential.state.v1';
export const OTHER_REF = { mount: 'secret', path: 'ledger/other' };

export const aRefusal = (overrides: Partial<CredentialRefusal> = {}): CredentialRefusal => ({
  ref: TEST_ROTATED_REF,
  version: CURRENT,
  status: 401,
  callId: randomId('call'),
  fallbackWorked: false,
  ...overrides,
});

/** What CredentialBook and CredentialCensus must do with refusals. Each test has empty stores. */
export function credentialRefusalsContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as who counts refusals', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const refuse = (...refusals: CredentialRefusal[]) => under.census.refused(refusals);
    const isOpen = async (): Promise<boolean> =>
      (await under.book.find(TEST_ROTATED_REF))?.state === 'breaker_open';

    describe('when a credential is taken in hand', () => {
      it('begins with its version, active and open, and tells of it once', async () => {
        const event = aRotationEvent(aRotation());
        const credential = { ref: TEST_ROTATED_REF, resource: 'ledger', version: 4 };
        await under.book.adopt(credential, [event]);
        await under.book.adopt({ ...credential, version: 5 }, [event]);
        expect(await under.book.find(TEST_ROTATED_REF)).toEqual({
          ref: TEST_ROTATED_REF,
          resource: 'ledger',
          currentVersion: 4,
          fallbackVersion: undefined,
          retiredVersion: 0,
          epoch: 1,
          serial: 1,
          gate: 'open',
          state: 'active',
        });
        expect(await under.book.find(OTHER_REF)).toBeUndefined();
        expect(await under.eventTypes('ledger')).toEqual([ROTATION_EVENT('staged')]);
      });
    });

    it('opens the breaker with the second refused call of the current version', async () => {
      const credential = await adopted(under);
      expect(await refuse(aRefusal())).toEqual([credential]);
      const after = { ...credential, state: 'breaker_open', serial: credential.serial + 1 };
      expect(await under.otherCensus.refused([aRefusal()])).toEqual([after]);
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual(after);
      expect(await under.eventTypes('ledger')).toEqual([OPENED, STATE]);
    });

    it('opens it once, however many are refused at once', async () => {
      await adopted(under);
      await Promise.all(
        Array.from({ length: 16 }, (_, nth) =>
          (nth % 2 === 0 ? under.census : under.otherCensus).refused([aRefusal()]),
        ),
      );
      expect(await under.book.find(TEST_ROTATED_REF)).toMatchObject({
        state: 'breaker_open',
        serial: 2,
      });
      expect(await under.eventTypes('ledger')).toEqual([OPENED, STATE]);
      expect(await under.book.refusals(TEST_ROTATED_REF, CURRENT)).toMatchObject({ refused: 16 });
    });

    it.each<[string, () => CredentialRefusal[]]>([
      ['one call that is told twice', () => Array(2).fill(aRefusal()) as CredentialRefusal[]],
      ['calls with an older version', () => [aRefusal({ version: 2 }), aRefusal({ version: 2 })]],
      ['one with each of two versions', () => [aRefusal(), aRefusal({ version: 2 })]],
    ])('opens nothing for %s', async (_, refusals) => {
      await adopted(under);
      await refuse(...refusals());
      expect(await isOpen()).toBe(false);
      expect(await under.eventTypes('ledger')).toEqual([]);
    });

    it('counts those of the last minute alone', async () => {
      await adopted(under);
      await refuse(aRefusal());
      await under.pass(61);
      await refuse(aRefusal());
      expect(await isOpen()).toBe(false);
      await under.pass(50);
      await refuse(aRefusal());
      expect(await isOpen()).toBe(true);
    });

    it('opens nothing while it is rotated, and counts for who may go back', async () => {
      await adopted(under);
      const lease = await leasedIn(under, 'promoting');
      const credential = {
        currentVersion: CURRENT + 1,
        fallbackVersion: CURRENT,
        state: 'rotating',
      } as const;
      await under.store.commit(lease, stepTo(lease.rotation, 'promoted', { credential }));
      const ofNew = (fallbackWorked: boolean, callId = randomId('call')): CredentialRefusal =>
        aRefusal({ version: CURRENT + 1, fallbackWorked, callId });
      await refuse(ofNew(true), ofNew(true), ofNew(false, 'call_a'), ofNew(false));
      await under.otherCensus.refused([ofNew(true, 'call_a'), ofNew(true), aRefusal()]);
      expect(await isOpen()).toBe(false);
      const tally = await under.book.refusals(TEST_ROTATED_REF, CURRENT + 1);
      expect(tally).toEqual({ refused: 5, fallbackWorked: 4 });
      const ofOld = await under.book.refusals(TEST_ROTATED_REF, CURRENT);
      expect(ofOld).toEqual({ refused: 1, fallbackWorked: 0 });
      await under.pass(61);
      expect(await under.book.refusals(TEST_ROTATED_REF, CURRENT + 1)).toEqual({
        refused: 0,
        fallbackWorked: 0,
      });
    });

    it('judges each of several credentials by its own, and answers with all that it knows', async () => {
      await adopted(under);
      await under.book.adopt({ ref: OTHER_REF, resource: 'mail', version: 1 }, []);
      const unknown = aRefusal({ ref: { mount: 'secret', path: 'unknown' } });
      const ofOther = aRefusal({ ref: OTHER_REF, version: 1 });
      const answer = await refuse(aRefusal(), ofOther, unknown, aRefusal());
      expect(answer).toHaveLength(2);
      expect(answer).toEqual(
        expect.arrayContaining([
          await under.book.find(TEST_ROTATED_REF),
          await under.book.find(OTHER_REF),
        ]),
      );
      expect(await isOpen()).toBe(true);
      expect(await under.book.find(OTHER_REF)).toMatchObject({ state: 'active' });
      expect(await refuse()).toEqual([]);
    });
  });
}
