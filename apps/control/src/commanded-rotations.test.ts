import { EventFactory } from '#events';
import { DependencyUnavailable } from '#kernel';
import { type CommandedRotation } from '#oauth';
import {
  FixedClock,
  InMemoryCredentialBook,
  InMemoryIntakeKeys,
  InMemoryRotationStore,
  InMemoryRotationWorld,
  rotationTerms,
  TEST_NOW,
  TEST_ROTATED_REF,
} from '#testing';
import { CommandedRotations } from './commanded-rotations.js';

const JWE = 'aa.bb.cc.dd.ee';
const wrapped = {
  creationPath: 'secret/data/intake/ledger',
  ttlSecondsMax: 900,
  ageSecondsMax: 900,
};

let world: InMemoryRotationWorld;
let rotations: CommandedRotations;
beforeEach(async () => {
  const clock = new FixedClock(TEST_NOW);
  world = new InMemoryRotationWorld(clock);
  const origin = { environment: 'test', deployment: 'test', component: 'control' } as const;
  const book = new InMemoryCredentialBook(world);
  await book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: 4 }, []);
  rotations = new CommandedRotations({
    rotation: {
      store: new InMemoryRotationStore(world),
      book,
      intakeKeys: new InMemoryIntakeKeys(),
      terms: new Map([['ledger', rotationTerms({ wrapped })]]),
    },
    events: new EventFactory({ ...origin, clock }),
    clock,
  });
});

const anOrder = (overrides: Partial<CommandedRotation> = {}): CommandedRotation => ({
  resource: 'ledger',
  origin: 'generated',
  trigger: 'admin',
  sealedToken: undefined,
  reason: 'a test',
  initiatorId: 'signals/corp',
  occurrence: 'command:1',
  correlationId: 'cmd_1',
  told: () => [],
  ...overrides,
});
const stored = () => [...world.rotations.values()].map(({ rotation }) => rotation);

describe('a rotation that is commanded', () => {
  it('is asked for in the name of its transmitter, with the event of the command', async () => {
    const ids: string[] = [];
    const told = (id: string): [] => {
      ids.push(id);
      return [];
    };
    expect(await rotations.request(anOrder({ told }))).toEqual({ kind: 'requested' });
    const [rotation] = stored();
    expect(rotation).toMatchObject({
      ...{ initiatorId: 'signals/corp', occurrence: 'command:1', correlationId: 'cmd_1' },
    });
    expect(ids).toEqual([rotation?.id]);
  });

  it('takes a sealed wrapping token as it is', async () => {
    await rotations.request(anOrder({ origin: 'wrapped', sealedToken: JWE }));
    expect(stored()).toMatchObject([{ origin: 'wrapped', wrap: { sealedToken: JWE } }]);
  });

  it('is asked for once', async () => {
    await rotations.request(anOrder());
    expect(await rotations.request(anOrder())).toEqual({ kind: 'repeated' });
    expect(stored()).toHaveLength(1);
  });

  it('waits for nobody: while another has not ended it is not possible', async () => {
    await rotations.request(anOrder());
    const second = await rotations.request(anOrder({ occurrence: 'command:2' }));
    expect(second).toMatchObject({ kind: 'not_possible' });
    expect(stored()).toHaveLength(1);
  });

  it.each<[string, Partial<CommandedRotation>, string]>([
    ['of a resource that is not rotated', { resource: 'archive' }, 'unknown_target'],
    ['wrapped without a token', { origin: 'wrapped' }, 'not_possible'],
  ])('%s says why it is not asked for', async (_, order, kind) => {
    expect(await rotations.request(anOrder(order))).toMatchObject({ kind });
    expect(stored()).toEqual([]);
  });

  it('is tried again when nothing can be written', async () => {
    world.setReachable(false);
    await expect(rotations.request(anOrder())).rejects.toThrow(DependencyUnavailable);
  });
});
