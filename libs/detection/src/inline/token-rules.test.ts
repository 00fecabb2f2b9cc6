import { secondsAfter } from '#kernel';
import {
  aDeniedExchange,
  anActor,
  aPermittedExchange,
  DETECTION_AT,
  DetectionRig,
  detectionSettings,
  OTHER_CLIENT,
  TEST_CLIENT,
} from '#testing';
import { type Candidate } from '../candidate.js';
import { type DetectionSettings } from '../rule-settings.js';

const at = (seconds: number): { readonly at: Date } => ({
  at: secondsAfter(DETECTION_AT, seconds),
});
const CLIENTS = {
  same: { ip: '10.1.99.99', user_agent: 'settler/2.0' },
  'in another zone': { ip: OTHER_CLIENT.ip, user_agent: 'settler/1.0' },
  'with another agent': { ip: TEST_CLIENT.ip, user_agent: 'curl/8' },
  other: OTHER_CLIENT,
} as const;

describe('D01, a subject token that comes again', () => {
  const first = aPermittedExchange();
  const family = `family:${first.data.family_id}`;
  const again = (seconds: number, client: keyof typeof CLIENTS, subject = 'sub_1') =>
    aDeniedExchange(
      { actor: anActor(subject, CLIENTS[client]), prior_exchange_id: first.data.exchange_id },
      at(seconds),
    );

  it.each([
    [0, 'same', 'info', []],
    [10, 'same', 'info', []],
    [10.001, 'same', 'low', []],
    [-2, 'same', 'info', []],
    [1, 'in another zone', 'low', []],
    [1, 'with another agent', 'low', []],
    [1, 'other', 'high', [family]],
    [500, 'other', 'high', [family]],
  ] as const)(
    'after %d s from a client that is %s is %s',
    async (seconds, client, severity, targets) => {
      const [found, ...more] = await new DetectionRig().candidates(first, again(seconds, client));
      expect(more).toEqual([]);
      expect(found).toMatchObject({
        rule: 'D01',
        severity,
        entity: { type: 'family', id: first.data.family_id },
        startAt: DETECTION_AT,
      });
      expect(found!.responses.map(({ target }) => target)).toEqual(targets);
    },
  );

  it('is one candidate, as severe as the worst time, however often it comes', async () => {
    const events = [first, again(1, 'same'), again(20, 'other'), again(30, 'same')];
    const found = await new DetectionRig().candidates(...events);
    expect(found).toMatchObject([{ severity: 'high', observed: 3 }]);
    expect(found[0]!.evidence).toEqual(events.map(({ id }) => id));
  });

  it('is no word about the token of another workload', async () => {
    const found = await new DetectionRig().candidates(first, again(1, 'other', 'sub_attacker'));
    expect(found).toMatchObject([{ severity: 'low', responses: [] }]);
  });

  it('is nothing without a second time, and nothing for another reason', async () => {
    const { exchange_id: prior_exchange_id } = first.data;
    const other = aDeniedExchange({ reason: 'expired', prior_exchange_id });
    expect(await new DetectionRig().candidates(first, other)).toEqual([]);
  });

  it('is not answered for by a deployment that it is no business of', async () => {
    const elsewhere = new DetectionRig(detectionSettings({ deployment: 'postern-eu' }));
    expect(await elsewhere.candidates(first, again(1, 'other'))).toEqual([]);
  });

  it('goes by the leeway that is set', async () => {
    const settings = detectionSettings();
    const rules = {
      ...settings.rules,
      D01: { ...settings.rules.D01, thresholds: { leewaySeconds: 2 } },
    };
    const rig = new DetectionRig({ ...settings, rules });
    expect(await rig.candidates(first, again(3, 'same'))).toMatchObject([{ severity: 'low' }]);
  });
});

describe('D02, one subject token in two environments', () => {
  const staging = { environment: 'staging', deployment: 'postern-staging' };
  const here = aPermittedExchange({ grant_id: 'prod-grant' }, at(60));
  const there = aPermittedExchange(
    { grant_id: 'staging-grant', family_id: here.data.family_id, env: 'staging' },
    { ...at(5), ...staging },
  );
  const inProd = (overrides: Partial<DetectionSettings> = {}) =>
    new DetectionRig(detectionSettings(overrides));
  const inStaging = () => inProd(staging);
  const targets = (found: readonly Candidate[]): string[] =>
    found.flatMap(({ responses }) => responses.map(({ target }) => target));

  it.each([
    ['the lower first', [there, here]],
    ['the higher first', [here, there]],
  ] as const)(
    'is critical in both deployments, %s, and each ends what it issued',
    async (_, order) => {
      const prod = await inProd().candidates(...order);
      expect(prod).toMatchObject([
        { rule: 'D02', severity: 'critical', observed: 2, startAt: at(60).at },
      ]);
      expect(prod[0]!.responses).toEqual([
        { action: 'revoke_family', target: `family:${here.data.family_id}`, seconds: undefined },
        { action: 'suspend_grant', target: 'grant:prod-grant', seconds: 900 },
      ]);
      const lower = await inStaging().candidates(...order);
      expect(lower).toMatchObject([{ rule: 'D02', severity: 'critical', startAt: at(5).at }]);
      expect(targets(lower)).toEqual([`family:${here.data.family_id}`]);
    },
  );

  it('is no business of a third deployment', async () => {
    const third = inProd({ environment: 'dev', deployment: 'postern-dev' });
    expect(await third.candidates(here, there)).toEqual([]);
  });

  it('is permitted within a group of environments, and only there', async () => {
    expect(
      await inProd({ environmentGroups: [['staging', 'prod']] }).candidates(here, there),
    ).toEqual([]);
    const other = inProd({
      environmentGroups: [
        ['dev', 'staging'],
        ['test', 'prod'],
      ],
    });
    expect(await other.candidates(here, there)).toHaveLength(1);
  });

  it.each([
    [
      'of another workload',
      aPermittedExchange({ ...there.data, actor: anActor('sub_2') }, staging),
    ],
    ['of another family', aPermittedExchange({ env: 'staging' }, staging)],
    [
      'in the same environment',
      aPermittedExchange({ family_id: here.data.family_id }, { deployment: 'postern-eu' }),
    ],
  ])('is nothing when the other exchange is %s', async (_, other) => {
    expect(await inProd().candidates(here, other)).toEqual([]);
  });

  it('does not count a handle that was exchanged on', async () => {
    const chained = aPermittedExchange(
      { family_id: here.data.family_id, parent_handle_id: 'hdl_p' },
      at(70),
    );
    expect(await inProd().candidates(chained, there)).toEqual([]);
  });

  it('suspends no grant between environments of which neither is known to be higher', async () => {
    const rig = inProd({ environmentOrder: ['live'] });
    expect(targets(await rig.candidates(here, there))).toEqual([`family:${here.data.family_id}`]);
  });

  it('suspends the grant of an environment that is known against one that is not', async () => {
    const qa = aPermittedExchange(
      { ...there.data, env: 'qa' },
      { environment: 'qa', deployment: 'q' },
    );
    expect(targets(await inProd().candidates(here, qa))).toContain('grant:prod-grant');
  });

  describe('that share the memory of tokens', () => {
    const denied = aDeniedExchange(
      {
        reason: 'cross_env_replay',
        prior_exchange_id: there.data.exchange_id,
        prior_env: 'staging',
      },
      at(90),
    );

    it.each([
      ['in order', [there, denied]],
      ['the denial first', [denied, there]],
    ] as const)('is critical where it was denied and where it was issued: %s', async (_, order) => {
      const prod = await inProd().candidates(...order);
      expect(prod).toMatchObject([
        { severity: 'critical', entity: { type: 'subject' }, responses: [] },
      ]);
      const lower = await inStaging().candidates(...order);
      expect(lower).toMatchObject([{ severity: 'critical', entity: { type: 'family' } }]);
      expect(targets(lower)).toEqual([`family:${there.data.family_id}`]);
    });

    it('is critical where it was denied although nothing is known of the first exchange', async () => {
      expect(await inProd().candidates(denied)).toMatchObject([
        { rule: 'D02', severity: 'critical' },
      ]);
    });
  });
});
