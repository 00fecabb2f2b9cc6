import { type ManagedCredential } from '#credentials';
import { isDrained } from './drained-verdict.js';
import { type InstanceUse } from './rotation-store.js';

const credential: ManagedCredential = {
  ref: { mount: 'secret', path: 'ledger' },
  ...{ resource: 'ledger', currentVersion: 3, fallbackVersion: 2, retiredVersion: 0 },
  ...{ epoch: 3, serial: 9, gate: 'open', state: 'active' },
};
const instance = (serial: number, open: Readonly<Record<number, number>> = {}): InstanceUse => ({
  instanceId: `instance-${serial}`,
  ...{ serial, holding: false },
  uses: Object.entries(open).map(([version, calls]) => ({
    ...{ version: Number(version), open: calls, unanswered: 0, recent: 9 },
  })),
});

describe('isDrained', () => {
  it.each([
    ['nobody is there', [], true],
    ['all act by the row and use the current version', [instance(9, { 3: 5 })], true],
    ['one acts by an older row', [instance(9), instance(8)], false],
    ['one does not know the credential', [instance(9), instance(0)], false],
    ['one has a call with the old version', [instance(9, { 3: 1 }), instance(9, { 2: 1 })], false],
    ['one has a call with a much older one', [instance(9, { 1: 1 })], false],
    ['the old version was used, and is not any more', [instance(9, { 2: 0, 3: 1 })], true],
  ])('when %s: %s', (_, instances, drained) => {
    expect(isDrained(credential, instances)).toBe(drained);
  });

  it('asks of one version alone where it is told to', () => {
    const instances = [instance(9, { 1: 4, 2: 0 })];
    expect([isDrained(credential, instances, 2), isDrained(credential, instances, 1)]).toEqual([
      true,
      false,
    ]);
  });
});
