import { EventFactory } from '#events';
import { Secret } from '#kernel';
import { type ManagedCredential } from '#credentials';
import { CredentialProbe, type ProbeAnswer, type ProbeResult, type SecretFields } from '#rotation';
import {
  FixedClock,
  InMemoryCredentialBook,
  InMemoryLoginBudget,
  InMemoryRotationWorld,
  InMemorySecretStore,
  rotationTerms,
  TEST_ROTATED_REF as REF,
} from '#testing';
import { BreakerDuty } from './breaker-duty.js';

const MINUTE = 60;

/** Answers what a test says, and remembers what was tried. */
class ScriptedProbe extends CredentialProbe {
  answer: ProbeResult = 'ok';
  readonly tried: SecretFields[] = [];

  override async login(fields: SecretFields): Promise<ProbeAnswer> {
    this.tried.push(fields);
    return { result: this.answer, detail: `GET /health: ${this.answer}` };
  }

  override verify(fields: SecretFields): Promise<ProbeAnswer> {
    return this.login(fields);
  }
}

describe('trying a credential whose breaker is open', () => {
  let clock: FixedClock;
  let world: InMemoryRotationWorld;
  let book: InMemoryCredentialBook;
  let secrets: InMemorySecretStore;
  let probe: ScriptedProbe;
  let looked: string[];
  let closed: string[];
  let problems: string[];
  let duty: BreakerDuty;

  const stored = (): ManagedCredential => world.find(REF)!.credential;
  const open = (overrides: Partial<ManagedCredential> = {}): void =>
    world.put({ ...stored(), state: 'breaker_open', ...overrides });

  beforeEach(async () => {
    clock = new FixedClock();
    world = new InMemoryRotationWorld(clock);
    book = new InMemoryCredentialBook(world);
    secrets = new InMemorySecretStore();
    probe = new ScriptedProbe();
    [looked, closed, problems] = [[], [], []];
    await secrets.put(REF, new Map([['password', Secret.of('first')]]));
    await secrets.put(REF, new Map([['password', Secret.of('second')]]));
    await book.adopt({ ref: REF, resource: 'ledger', version: 1 }, []);
    duty = new BreakerDuty({
      plans: new Map([['ledger', { ...rotationTerms(), probe }]]),
      book,
      secrets,
      budget: new InMemoryLoginBudget(world),
      events: new EventFactory({
        clock,
        ...{ environment: 'test', deployment: 'test', component: 'rotator' },
      }),
      clock,
      lookNow: async (resource) => void looked.push(resource),
      onClosed: (message) => closed.push(message),
      onProblem: (message) => problems.push(message),
    });
  });

  it('does nothing while no breaker is open', async () => {
    await duty.look();
    expect([probe.tried, looked]).toEqual([[], []]);
  });

  it('closes it when the version that calls use works, and tells of both', async () => {
    open();
    await duty.look();
    expect(probe.tried).toEqual([(await secrets.read(REF, 1)).fields]);
    expect(stored().state).toBe('active');
    expect(closed).toEqual(['ledger: version 1 works, calls go on']);
    expect(world.journal.of('dev.postern.credential.breaker_closed.v1')).toMatchObject([
      { resource: 'ledger', version: 1 },
    ]);
    expect(world.journal.of('dev.postern.credential.state.v1')).toMatchObject([
      { state: 'active' },
    ]);
  });

  it('leaves it open when it does not, and tries no more than the budget has', async () => {
    open();
    probe.answer = 'fail';
    for (let minute = 0; minute < 14; minute += 1) {
      await duty.look();
      clock.advance(MINUTE);
    }
    expect(probe.tried).toHaveLength(2);
    expect(stored().state).toBe('breaker_open');
    expect(problems[0]).toBe('ledger: version 1 does not work: GET /health: fail');
    expect(problems.at(-1)).toContain('the budget of failing logins is spent until');
  });

  it('looks first whether an administrator wrote another version', async () => {
    open();
    await duty.look();
    expect(looked).toEqual(['ledger']);
  });

  it('leaves a credential alone that a rotation is changing', async () => {
    open({ gate: 'held' });
    await duty.look();
    expect(probe.tried).toEqual([]);
    expect(stored().state).toBe('breaker_open');
  });

  it('tells of a version that cannot be read, and tries again when it is due', async () => {
    open();
    secrets.failWith('sealed');
    await duty.look();
    expect(problems[0]).toMatch(/^ledger: refused, and it cannot be tried now: .*sealed/);
    secrets.failWith(undefined);
    clock.advance(MINUTE);
    await duty.look();
    expect(stored().state).toBe('active');
  });
});
