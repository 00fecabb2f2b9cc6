import { credentialStates, gates, type ManagedCredential } from '#credentials';
import { rotationStates } from '#events';
import { settledChange } from './settled-change.js';
import { isAtRest } from './transitions.js';

const credential = (changes: Partial<ManagedCredential> = {}): ManagedCredential => ({
  ref: { mount: 'secret', path: 'ledger' },
  ...{ resource: 'ledger', currentVersion: 1, fallbackVersion: undefined, retiredVersion: 0 },
  ...{ epoch: 1, serial: 1, gate: 'open', state: 'active' },
  ...changes,
});
const rests = rotationStates.filter(isAtRest);
const everyCredential = gates.flatMap((gate) =>
  credentialStates.map((state) => credential({ gate, state })),
);

describe('settledChange', () => {
  it('leaves no gate closed and nothing rotating when a rotation rests, whatever was wanted', () => {
    for (const to of rests) {
      for (const one of everyCredential) {
        const after = { ...one, ...settledChange(one, to, { gate: 'held' }) };
        expect([to, after.gate, after.state === 'rotating']).toEqual([to, 'open', false]);
      }
    }
  });

  it('opens the breaker when an administrator is asked while calls were held back: no value is sure to work', () => {
    const held = credential({ gate: 'held', state: 'rotating' });
    expect(settledChange(held, 'manual_required')).toEqual({ gate: 'open', state: 'breaker_open' });
    const open = credential({ state: 'rotating' });
    expect(settledChange(open, 'manual_required')).toEqual({ state: 'active' });
  });

  it.each(['breaker_open', 'out_of_sync'] as const)(
    'does not take %s back: others have said it',
    (state) => {
      const one = credential({ state });
      expect(settledChange(one, 'applying', { state: 'rotating' })).toBeUndefined();
      expect(settledChange(one, 'abandoned')).toBeUndefined();
    },
  );

  it('takes it back with another version, of which nobody has said it', () => {
    const one = credential({ state: 'breaker_open', gate: 'held' });
    const wanted = { currentVersion: 2, gate: 'open', state: 'active' } as const;
    expect(settledChange(one, 'resumed', wanted)).toEqual(wanted);
  });

  it('is no change where all is as it is wanted', () => {
    expect(
      settledChange(credential(), 'staged', { gate: 'open', state: 'active' }),
    ).toBeUndefined();
  });
});
