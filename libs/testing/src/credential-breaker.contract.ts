import { type CredentialRefusal } from '#credentials';
import { EVENT_BYTES_MAX, EventTooLarge } from '#events';
import { type DueBreaker } from '#rotation';
import { aRefusal, OPENED, OTHER_REF, STATE } from './credential-refusals.contract.js';
import { aRotation, aRotationEvent, TEST_ROTATED_REF } from './rotation-builders.js';
import {
  adopted,
  CURRENT,
  leasedIn,
  ROTATION_EVENT,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';

/** What CredentialBook and CredentialCensus must do with breakers. Each test has empty stores. */
export function credentialBreakerContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as who opens and closes breakers', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const refuse = (...refusals: CredentialRefusal[]) => under.census.refused(refusals);
    const isOpen = async (): Promise<boolean> =>
      (await under.book.find(TEST_ROTATED_REF))?.state === 'breaker_open';
    const opened = async (): Promise<void> => {
      await adopted(under);
      await refuse(aRefusal(), aRefusal());
    };
    const closed = aRotationEvent(aRotation(), 'done');

    describe('while the breaker is open', () => {
      const due = (): Promise<DueBreaker | undefined> => under.book.takeDueBreaker();
      const taken: DueBreaker = {
        ref: TEST_ROTATED_REF,
        resource: 'ledger',
        version: CURRENT,
        isOpen: true,
      };

      it('has it tried at once, and then after 30 s, 1, 2, 5 and every 15 minutes', async () => {
        await opened();
        expect(await due()).toEqual(taken);
        for (const seconds of [30, 60, 120, 300, 900, 900]) {
          await under.pass(seconds - 10);
          expect(await due()).toBeUndefined();
          await under.pass(10);
          expect(await due()).toEqual(taken);
        }
      });

      it('has it tried by one of many', async () => {
        await opened();
        const all = await Promise.all(Array.from({ length: 8 }, () => due()));
        expect(all.filter((one) => one !== undefined)).toEqual([taken]);
      });

      it('tells no more of it', async () => {
        await opened();
        await refuse(aRefusal(), aRefusal());
        expect(await under.eventTypes('ledger')).toEqual([OPENED, STATE]);
      });

      it('closes it when the value works, and tells of it once', async () => {
        await opened();
        await due();
        await under.book.closeBreaker(TEST_ROTATED_REF, CURRENT, [closed]);
        await under.book.closeBreaker(TEST_ROTATED_REF, CURRENT, [closed]);
        expect(await under.book.find(TEST_ROTATED_REF)).toMatchObject({
          state: 'active',
          serial: 3,
        });
        expect(await under.eventTypes('ledger')).toEqual([OPENED, STATE, ROTATION_EVENT('done')]);
        await under.pass(3600);
        expect(await due()).toBeUndefined();
      });

      it('does not close it when another version works', async () => {
        await opened();
        await under.book.closeBreaker(TEST_ROTATED_REF, CURRENT + 1, [closed]);
        await under.book.closeBreaker(OTHER_REF, CURRENT, [closed]);
        expect(await isOpen()).toBe(true);
        expect(await under.eventTypes('ledger')).toEqual([OPENED, STATE]);
      });

      it('leaves it open when its event cannot be written', async () => {
        await opened();
        const tooLarge = { ...closed, subject: 'x'.repeat(EVENT_BYTES_MAX) };
        const close = under.book.closeBreaker(TEST_ROTATED_REF, CURRENT, [tooLarge]);
        await expect(close).rejects.toThrow(EventTooLarge);
        expect(await isOpen()).toBe(true);
      });

      it('has nothing tried while it is rotated or out of sync', async () => {
        await opened();
        const lease = await leasedIn(under, 'staged');
        for (const state of ['rotating', 'out_of_sync'] as const) {
          const step = stepTo(lease.rotation, 'staged', { credential: { state } });
          await under.store.commit(lease, step);
          expect(await due()).toBeUndefined();
        }
      });

      it('has nothing tried while calls are held back: the rotation needs the logins itself', async () => {
        await opened();
        const lease = await leasedIn(under, 'staged');
        const step = stepTo(lease.rotation, 'staged', { credential: { gate: 'quiescing' } });
        await under.store.commit(lease, step);
        expect(await due()).toBeUndefined();
      });

      it('has one tried at once whose breaker is opened by who gives a rotation up', async () => {
        await opened();
        await due();
        const lease = await leasedIn(under, 'out_of_sync');
        const { rotation } = lease;
        const step = stepTo(rotation, 'manual_required', { credential: { state: 'out_of_sync' } });
        await under.store.commit(lease, step);
        expect(await due()).toBeUndefined();
        await under.control.intervene(rotation.id, (one) =>
          stepTo(one, 'abandoned', { credential: { gate: 'open', state: 'breaker_open' } }),
        );
        expect(await due()).toEqual(taken);
      });
    });

    describe('after the value turned out to work', () => {
      beforeEach(async () => {
        await opened();
        await under.book.takeDueBreaker();
        await under.book.closeBreaker(TEST_ROTATED_REF, CURRENT, []);
      });

      const due = (): Promise<DueBreaker | undefined> => under.book.takeDueBreaker();

      it('opens nothing for 15 minutes, whoever provokes refusals, and then again', async () => {
        await under.pass(15 * 60 - 5);
        await refuse(aRefusal(), aRefusal(), aRefusal());
        expect(await isOpen()).toBe(false);
        await under.pass(6);
        await refuse(aRefusal());
        expect(await isOpen()).toBe(true);
      });

      it('has it tried for such refusals, each 30 seconds at most', async () => {
        const asked = {
          ref: TEST_ROTATED_REF,
          resource: 'ledger',
          version: CURRENT,
          isOpen: false,
        };
        await refuse(aRefusal());
        expect(await due()).toBeUndefined();
        await under.pass(31);
        expect(await due()).toEqual(asked);
        await refuse(aRefusal(), aRefusal());
        expect(await due()).toBeUndefined();
        await under.book.closeBreaker(TEST_ROTATED_REF, CURRENT, []);
        await under.pass(20);
        await refuse(aRefusal());
        expect(await due()).toBeUndefined();
        await under.pass(11);
        expect(await due()).toEqual(asked);
      });

      it('has nothing tried when nothing is refused', async () => {
        await under.pass(3600);
        expect(await due()).toBeUndefined();
      });

      it('opens it half a minute after a try that did not come out well', async () => {
        await refuse(aRefusal());
        await under.pass(31);
        await due();
        await refuse(aRefusal(), aRefusal());
        expect(await isOpen()).toBe(false);
        await under.pass(31);
        await refuse(aRefusal());
        expect(await isOpen()).toBe(true);
      });

      it('stays cleared after a try that came out well', async () => {
        await refuse(aRefusal());
        await under.pass(31);
        await due();
        await under.book.closeBreaker(TEST_ROTATED_REF, CURRENT, []);
        await under.pass(31);
        await refuse(aRefusal(), aRefusal());
        expect(await isOpen()).toBe(false);
      });

      it('clears no other version', async () => {
        const lease = await leasedIn(under, 'promoting');
        const credential = { currentVersion: CURRENT + 1, state: 'active' } as const;
        await under.store.commit(lease, stepTo(lease.rotation, 'promoted', { credential }));
        await refuse(aRefusal({ version: CURRENT + 1 }), aRefusal({ version: CURRENT + 1 }));
        expect(await isOpen()).toBe(true);
      });
    });
  });
}
