import { Metrics } from '#platform';
import { MANAGED_REF, ManagedUnderTest } from '#testing';
import { until } from '../../../test/support/until.js';
import { CredentialTurns } from './credential-turns.js';

const turnsOf = (
  world: ManagedUnderTest,
  metrics = new Metrics(),
  problems: string[] = [],
): CredentialTurns =>
  new CredentialTurns({
    ...{ managed: world.managed, metrics },
    onProblem: (message) => problems.push(message),
  });

describe('the turns of managed credentials', () => {
  it('report by themselves until the end, of which the census is told', async () => {
    const world = new ManagedUnderTest();
    await world.write('first');
    world.put({});
    const turns = turnsOf(world);
    turns.start();
    await until('it has reported', () => world.reported !== undefined);
    const heard = world.heard.length;
    world.forward(300);
    await until('it has reported again', () => world.heard.length > heard);
    await turns.stop();
    expect(world.rotation.instances.size).toBe(0);
  });

  it('end although the census does not answer', async () => {
    const world = await ManagedUnderTest.adopted();
    const problems: string[] = [];
    const turns = turnsOf(world, new Metrics(), problems);
    world.rotation.setReachable(false);
    await turns.stop();
    expect(problems).toEqual(['the census was not told that this process ends']);
  });

  it('make a process unready while the census is silent, and say what is wrong with which', async () => {
    const world = await ManagedUnderTest.adopted();
    const { trouble } = turnsOf(world);
    expect(trouble()).toBeUndefined();
    world.put({ state: 'breaker_open' });
    await world.managed.askAnew();
    expect(trouble()).toBe(`${MANAGED_REF.mount}/${MANAGED_REF.path} is breaker_open`);
    world.put({ state: 'active', gate: 'held' });
    await world.managed.askAnew();
    expect(trouble()).toContain('are held');
    world.forward(2_001);
    expect(trouble).toThrow('silent');
  });

  it('are seen in the metrics', async () => {
    const world = await ManagedUnderTest.adopted();
    const metrics = new Metrics();
    turnsOf(world, metrics);
    world.put({ gate: 'held' });
    await world.managed.askAnew();
    const call = world.begun();
    world.forward(500);
    expect(await metrics.text()).toMatch(/postern_credential_calls_held 1\n/);
    expect(await metrics.text()).toMatch(/postern_credential_census_age_seconds 0\.5\n/);
    await world.managed.leave();
    await expect(call).rejects.toThrow('PostgreSQL');
  });
});
