import { type EventDataOf, wrapVerdicts } from '#events';
import { secondsAfter } from '#kernel';
import {
  aDeniedCall,
  aRecordedEvent,
  DETECTION_AT,
  DetectionRig,
  detectionSettings,
} from '#testing';

const FINGERPRINT = '0123456789abcdef0123456789abcdef';

describe('D18, a credential that is refused', () => {
  const breaker = { resource: 'ledger', version: 3, failures: 5, window_seconds: 60 };

  it('is told when the breaker opens and when it is out of step', async () => {
    const opened = aRecordedEvent('dev.postern.credential.breaker_opened.v1', {
      ...breaker,
      next_probe_at: 1,
    });
    const out = aRecordedEvent('dev.postern.credential.out_of_sync.v1', breaker);
    expect(await new DetectionRig().candidates(opened)).toMatchObject([
      { rule: 'D18', severity: 'high', entity: { type: 'resource', id: 'ledger' }, observed: 5 },
    ]);
    expect(await new DetectionRig().candidates(out)).toHaveLength(1);
  });

  it('is nothing when the breaker closes', async () => {
    const closed = aRecordedEvent('dev.postern.credential.breaker_closed.v1', breaker);
    expect(await new DetectionRig().candidates(closed)).toEqual([]);
  });
});

describe('D20, a wrapping token that is not what was handed over', () => {
  const wrap = {
    rotation_id: 'rot_1',
    resource: 'ledger',
    wrap_accessor_fp: 'f',
    expected_path: 'p',
  };

  it.each(wrapVerdicts.suspect)('is critical when it is %s', async (verdict) => {
    const event = aRecordedEvent('dev.postern.wrap.suspect.v1', { ...wrap, verdict });
    expect(await new DetectionRig().candidates(event)).toMatchObject([
      { rule: 'D20', severity: 'critical', responses: [{ action: 'page' }] },
    ]);
  });

  it.each(wrapVerdicts.lost)(
    'is medium when it is %s: that happens to the honest too',
    async (verdict) => {
      const event = aRecordedEvent('dev.postern.wrap.lost.v1', { ...wrap, verdict });
      expect(await new DetectionRig().candidates(event)).toMatchObject([
        { severity: 'medium', responses: [] },
      ]);
    },
  );

  it('is nothing when it is genuine', async () => {
    const event = aRecordedEvent('dev.postern.wrap.verified.v1', { ...wrap, verdict: 'genuine' });
    expect(await new DetectionRig().candidates(event)).toEqual([]);
  });
});

describe('D23, evidence that is missing', () => {
  const completed = (
    outcome: EventDataOf<'dev.postern.call.completed.v1'>['outcome'],
    second = 0,
  ) =>
    aRecordedEvent(
      'dev.postern.call.completed.v1',
      {
        ...{
          call_id: 'cal_1',
          handle_id: 'hdl_1',
          resource: 'ledger',
          route_template: '/',
          method: 'GET',
        },
        ...{ bytes_in: 0, bytes_out: 0, duration_ms: 0, scrubbed: 0, outcome },
      },
      { at: secondsAfter(DETECTION_AT, second), partitionKey: 'hdl_1' },
    );

  it('is critical when nobody knows how a call ended, once a minute', async () => {
    const events = [0, 59, 60].map((second) => completed('unknown_after_crash', second));
    const found = await new DetectionRig().candidates(...events);
    expect(found).toMatchObject([
      { rule: 'D23', severity: 'critical', startAt: DETECTION_AT },
      { startAt: secondsAfter(DETECTION_AT, 60) },
    ]);
  });

  it.each(['ok', 'upstream_error', 'client_abort'] as const)(
    'is nothing after %s',
    async (outcome) => {
      expect(await new DetectionRig().candidates(completed(outcome))).toEqual([]);
    },
  );
});

describe('D24, a leak report', () => {
  const report = {
    provider: 'github',
    handle_fp: FINGERPRINT,
    live: true,
    label: 'true_positive' as const,
  };
  const reported = (change = {}, place = {}) =>
    aRecordedEvent('dev.postern.leak.reported.v1', { ...report, ...change }, place);

  it.each([
    [{}, `handle_fp:${FINGERPRINT}`],
    [{ handle_id: 'hdl_1' }, 'handle:hdl_1'],
  ])('revokes the handle that was found: %j', async (change, target) => {
    expect(await new DetectionRig().candidates(reported(change))).toMatchObject([
      { rule: 'D24', severity: 'critical', responses: [{ action: 'revoke_handle', target }] },
    ]);
  });

  it.each([
    ['is dead', { live: false }, {}],
    ['has no digest', { handle_fp: 'x' }, {}],
    ['is of another deployment', {}, { deployment: 'postern-eu' }],
  ])('is nothing when the handle %s', async (_, change, place) => {
    expect(await new DetectionRig().candidates(reported(change, place))).toEqual([]);
  });

  it('that comes twice is one', async () => {
    const rig = new DetectionRig();
    const event = reported();
    await rig.pipeline.take([event, event]);
    await rig.pipeline.take([event, reported()]);
    expect(rig.orders.all).toHaveLength(1);
  });
});

it('events that no rule looks at raise nothing, and are kept', async () => {
  const rig = new DetectionRig(detectionSettings());
  await rig.pipeline.take([aDeniedCall({ reason: 'malformed', checksum_ok: false })]);
  expect(rig.log.kept).toHaveLength(1);
  expect(rig.journal.events).toEqual([]);
});
