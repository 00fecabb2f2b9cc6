import { Secret } from '#kernel';
import { legacyFields, RIG_CREATION_PATH, ROTATION_REQUESTED_AT, RotationRig } from '#testing';

describe('a wrapped value', () => {
  const wrappedRig = async (
    prepare: (rig: RotationRig, wrappingToken: Secret) => Secret = (_, given) => given,
    creationPath = RIG_CREATION_PATH,
  ): Promise<RotationRig> => {
    const rig = new RotationRig({ kind: 'dual_slot', origin: 'wrapped' });
    const given = rig.wrapping.wrap(legacyFields('wrapped'), { creationPath });
    const told = { createdAt: rig.clock.now(), ttlSeconds: 300 };
    const sealed = rig.wraps.seal(prepare(rig, given));
    Object.assign(rig.rotation, { wrap: { ...sealed, told, unwrapStartedAt: undefined } });
    return rig.begin();
  };
  const verdictsOf = (rig: RotationRig): (string | undefined)[] =>
    rig.world.journal.events
      .filter(({ type }) => type.startsWith('dev.postern.wrap.'))
      .map(({ type, data }) => `${type.split('.')[3]!} ${(data as { verdict: string }).verdict}`);

  it('comes into use, and its token is told nowhere', async () => {
    const rig = await wrappedRig();
    expect(await rig.runTo()).toMatchObject({ state: 'done' });
    expect(await rig.valueInUse()).toBe('wrapped');
    expect(verdictsOf(rig)).toEqual(['verified genuine', 'unwrapped genuine']);
    expect(JSON.stringify([rig.stored, rig.world.journal.events])).not.toContain('hvs.');
  });

  it('that was wrapped again is suspect, and stays untouched', async () => {
    const rig = await wrappedRig((one, wrappingToken) => {
      one.clock.advance(30);
      return one.wrapping.rewrap(wrappingToken);
    });
    // The clock of the rig went on after `told`.
    Object.assign(rig.rotation.wrap!, {
      told: { createdAt: ROTATION_REQUESTED_AT, ttlSeconds: 300 },
    });
    await rig.runTo();
    expect([rig.stored.state, rig.wrapping.calls.unwrap]).toEqual(['wrap_suspect', 0]);
    expect(verdictsOf(rig)).toEqual(['suspect rewrapped']);
  });

  it('of another path is suspect', async () => {
    const rig = await wrappedRig(undefined, 'secret/data/intake/other');
    await rig.runTo();
    expect(verdictsOf(rig)).toEqual(['suspect wrong_path']);
  });

  it('whose answer is lost is lost, and never asked for again', async () => {
    const rig = await wrappedRig();
    rig.wrapping.loseNextAnswer();
    expect(await rig.runTo()).toMatchObject({ state: 'wrap_lost', errorClass: 'response_lost' });
    expect(rig.wrapping.calls.unwrap).toBe(1);
  });

  it('of a store that did not look at it is asked for again', async () => {
    const rig = await wrappedRig();
    await rig.runTo('intake');
    const unwrap = rig.wrapping.unwrap.bind(rig.wrapping);
    rig.wrapping.unwrap = async (wrappingToken) => {
      rig.wrapping.unwrap = unwrap;
      rig.wrapping.failWith('sealed');
      return unwrap(wrappingToken).finally(() => {
        rig.wrapping.failWith(undefined);
      });
    };
    expect(await rig.runTo()).toMatchObject({ state: 'done' });
  });

  it('without the fields of the registration is thrown away', async () => {
    const rig = await wrappedRig((one) =>
      one.wrapping.wrap(new Map([['pass', Secret.of('wrapped')]]), {
        creationPath: RIG_CREATION_PATH,
      }),
    );
    expect(await rig.runTo()).toMatchObject({
      ...{ state: 'abandoned', errorClass: 'wrap-lacks-fields' },
    });
  });

  it('that was not sealed to our key is thrown away', async () => {
    const rig = await wrappedRig();
    Object.assign(rig.rotation.wrap!, { sealedToken: 'somebody elses' });
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned', errorClass: 'wrap-unreadable' });
  });
});
