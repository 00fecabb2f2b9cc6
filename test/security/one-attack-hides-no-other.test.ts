import { type Detection } from '#detection';
import { secondsAfter } from '#kernel';
import {
  aDeniedCall,
  aDeniedExchange,
  anActor,
  aPermittedExchange,
  DETECTION_AT,
  DetectionRig,
  OTHER_CLIENT,
} from '#testing';

const at = (seconds: number) => ({ at: secondsAfter(DETECTION_AT, seconds) });
const BUDGET = 20;

/**
 * Whoever has taken over one workload, or holds what was stolen from it, would like to act unseen: behind a detection that is
 * closed already, behind an earlier one of the same name, or behind a budget that they used up themselves.
 */
describe('one attack', () => {
  let rig: DetectionRig;
  beforeEach(() => {
    rig = new DetectionRig();
  });

  const detections = (): Promise<readonly Detection[]> => rig.store.list({ limit: 500 });
  const close = async ({ id }: Detection): Promise<void> => {
    const by = { resolution: 'benign', operatorId: 'sub_analyst', note: undefined } as const;
    await rig.store.close(id, { ...by, events: rig.events, now: rig.clock.now() });
  };
  const targets = (): string[] => rig.orders.all.map(({ response }) => response.target);

  /** A workload of its own exchanges a token of its own; another client presents the token again. */
  const tokenOf = (subject: string, second: number) => {
    const first = aPermittedExchange({ actor: anActor(subject) }, at(second));
    const again = (client: Parameters<typeof anActor>[1], later: number) =>
      aDeniedExchange(
        { actor: anActor(subject, client), prior_exchange_id: first.data.exchange_id },
        at(later),
      );
    return { first, again, family: `family:${first.data.family_id}` };
  };

  it('does not hide behind a retry of the same token that an analyst has closed', async () => {
    const { first, again, family } = tokenOf('sub_victim', 0);
    await rig.ordered(first, again(undefined, 3));
    const [retry] = await detections();
    expect(retry).toMatchObject({ rule: 'D01', severity: 'info' });
    rig.clock.set(secondsAfter(DETECTION_AT, 60));
    await close(retry!);
    await rig.ordered(again(OTHER_CLIENT, 90));
    const open = (await detections()).filter(({ closed }) => closed === undefined);
    expect(open).toMatchObject([{ rule: 'D01', severity: 'high' }]);
    expect(targets()).toEqual([family]);
  });

  it('with a canary is answered at each source that it comes from', async () => {
    const canary = { canary_id: 'can_1', reason: 'canary' as const };
    const ips = ['198.51.100.7', '203.0.113.9', '192.0.2.5'];
    for (const [n, ip] of ips.entries()) {
      await rig.ordered(aDeniedCall({ ...canary, client: { ip } }, at(n)));
    }
    expect(await detections()).toHaveLength(1);
    expect(targets()).toEqual(ips.map((ip) => `source:${ip}`));
  });

  it('does not use up, by tokens of one workload, what another needs to be answered for', async () => {
    for (let n = 0; n < BUDGET; n += 1) {
      const { first, again } = tokenOf('sub_attacker', n);
      await rig.ordered(first, again(OTHER_CLIENT, n + 1));
    }
    const { first, again, family } = tokenOf('sub_victim', 30);
    await rig.ordered(first, again(OTHER_CLIENT, 31));
    expect(targets()).toContain(family);
  });

  it('does not use up, by bound handles of one workload, what another needs', async () => {
    const stolen = async (subject: string): Promise<string> => {
      const exchange = aPermittedExchange({ actor: anActor(subject), binding: 'dpop' });
      const { handle_id } = exchange.data;
      await rig.ordered(exchange, aDeniedCall({ handle_id, reason: 'binding_mismatch' }, at(1)));
      return `handle:${handle_id}`;
    };
    for (let n = 0; n < BUDGET; n += 1) await stolen('sub_attacker');
    expect(targets()).toHaveLength(BUDGET / 2);
    const victim = await stolen('sub_victim');
    expect(targets()).toContain(victim);
  });

  it('that several workloads join in delays the answer to another no longer than it goes on', async () => {
    for (let n = 0; n < BUDGET; n += 1) {
      const { first, again } = tokenOf(`sub_attacker_${n}`, 0);
      await rig.ordered(first, again(OTHER_CLIENT, 1));
    }
    const { first, again, family } = tokenOf('sub_victim', 30);
    await rig.ordered(first, again(OTHER_CLIENT, 31));
    expect(targets()).not.toContain(family);
    rig.clock.advance(700);
    await rig.ordered(again(OTHER_CLIENT, 699));
    expect(targets()).toContain(family);
  });
});
