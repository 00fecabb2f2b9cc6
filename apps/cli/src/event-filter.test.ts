import { EVENT_TOPICS, type PosternEvent, type RecordedEvent, TOPICS } from '#events';
import { aDenialEvent, aHandle, aHandleIssuedEvent, aHandleRevokedEvent } from '#testing';
import { eventFilter, type EventFilterOptions, topicsToRead } from './event-filter.js';
import { UsageError } from './usage-error.js';

const NOW = new Date('2026-11-20T12:00:00Z');

const recorded = (event: PosternEvent): RecordedEvent => ({
  ...event,
  time: '2026-11-20T11:30:00.000Z',
  recordedtime: '2026-11-20T11:30:00.001Z',
  sequence: '00000000000000000001',
  correlationid: 'req_1',
  env: 'prod',
  severitytext: 'WARN',
});
const withData = (event: RecordedEvent, data: object): RecordedEvent => ({
  ...event,
  data: { ...event.data, ...data },
});

const denied = withData(recorded(aDenialEvent()), { reason: 'scope_not_allowed' });
const revoked = withData(recorded(aHandleRevokedEvent(aHandle())), {
  handle_id: 'hdl_a',
  reason: 'workload decommissioned',
});
const issued = withData(recorded(aHandleIssuedEvent(aHandle())), {
  handle_id: 'hdl_b',
  resource: 'ledger',
});

const passes = (event: RecordedEvent, options: EventFilterOptions): boolean =>
  eventFilter(options, NOW)(event);

describe('the filter of events', () => {
  it('lets everything pass when nothing is asked for', () => {
    expect([denied, revoked, issued].every(eventFilter({}, NOW))).toBe(true);
  });

  it.each<[string, RecordedEvent, EventFilterOptions, EventFilterOptions]>([
    [
      'the beginning of a type',
      revoked,
      { type: 'dev.postern.handle.' },
      { type: 'dev.postern.call.' },
    ],
    ['a part of the type', revoked, { type: 'revoked' }, { type: 'denied' }],
    [
      'a part of the subject',
      { ...revoked, subject: 'handle/hdl_a' },
      { subject: 'hdl_a' },
      { subject: 'hdl_b' },
    ],
    ['its severity', denied, { severity: 'warn' }, { severity: 'ERROR' }],
    ['a lower severity', denied, { severity: 'INFO' }, { severity: 'fatal' }],
    ['its environment', denied, { env: 'prod' }, { env: 'pro' }],
    ['its resource', issued, { resource: 'ledger' }, { resource: 'ledge' }],
    [
      'the resource that was granted',
      withData(denied, { granted_resource: 'ledger' }),
      { resource: 'ledger' },
      { resource: 'archive' },
    ],
    ['its handle', issued, { handle: 'hdl_b' }, { handle: 'hdl_' }],
    [
      'the handle that it was exchanged for',
      withData(denied, { parent_handle_id: 'hdl_p' }),
      { handle: 'hdl_p' },
      { handle: 'hdl_q' },
    ],
    [
      'the handle that its subject is',
      { ...denied, subject: 'handle/hdl_s' },
      { handle: 'hdl_s' },
      { handle: 'hdl_t' },
    ],
    [
      'the handle that its key names',
      { ...denied, partitionkey: 'handle:hdl_k' },
      { handle: 'hdl_k' },
      { handle: 'k' },
    ],
    ['a part of its reason', revoked, { reason: 'decommissioned' }, { reason: 'stolen' }],
    [
      'its outcome',
      withData(issued, { outcome: 'upstream_error' }),
      { reason: 'upstream' },
      { reason: 'ok' },
    ],
    ['its correlation', denied, { correlation: 'req_1' }, { correlation: 'req_' }],
    [
      'an instant before it',
      denied,
      { since: '2026-11-20T11:30:00Z' },
      { since: '2026-11-20T11:30:00.001Z' },
    ],
    [
      'an instant of another zone',
      denied,
      { since: '2026-11-20T12:30:00+01:00' },
      { since: '2026-11-20T12:31:00+01:00' },
    ],
    ['its day', denied, { since: '2026-11-20' }, { since: '2026-11-21' }],
    ['how long ago it was', denied, { since: '30m' }, { since: '1799s' }],
    ['longer ago than it was', denied, { since: '1d' }, { since: '1s' }],
  ])('takes an event by %s, and only then', (_, event, wanted, unwanted) => {
    expect([passes(event, wanted), passes(event, unwanted)]).toEqual([true, false]);
  });

  it('wants all that is asked for, not any of it', () => {
    expect(passes(denied, { type: 'denied', env: 'prod', reason: 'scope' })).toBe(true);
    expect(passes(denied, { type: 'denied', env: 'staging', reason: 'scope' })).toBe(false);
  });

  it.each([
    ['--severity', { severity: 'loud' }],
    ['--severity', { severity: '' }],
    ['--since', { since: 'yesterday' }],
    ['--since', { since: '0m' }],
    ['--since', { since: '5y' }],
    ['--since', { since: '2026-13-45' }],
    ['--since', { since: '20' }],
  ])('refuses a value of %s that it cannot work with: %j', (name, options) => {
    expect(() => eventFilter(options, NOW)).toThrow(UsageError);
    expect(() => eventFilter(options, NOW)).toThrow(name);
  });
});

describe('the topics to read', () => {
  it('are all with events of ours, but the canaries: commands are of others', () => {
    const topics = topicsToRead(undefined);
    expect(topics).toHaveLength(EVENT_TOPICS.length - 1);
    expect(topics).not.toContain(TOPICS.command);
    expect(topics).not.toContain(TOPICS.canary);
  });

  it('are those that are named, by a short name or the whole', () => {
    expect(topicsToRead(['revocation-state', 'postern.call.v1', 'call', 'canary'])).toEqual([
      TOPICS.revocationState,
      TOPICS.call,
      TOPICS.canary,
    ]);
  });

  it.each(['command', 'postern.command.v1', 'calls', ''])('are not "%s"', (name) => {
    expect(() => topicsToRead([name])).toThrow(UsageError);
  });
});
