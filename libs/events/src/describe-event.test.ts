import fc from 'fast-check';
import { codePoint } from '#testing';
import { describeEvent, EventFactory, type RecordedEvent } from '#events';
import { SystemClock } from '#kernel';

const factory = new EventFactory({
  clock: new SystemClock(),
  environment: 'prod',
  deployment: 'eu-1',
  component: 'proxy',
});

const denied = (method: string, userAgent = 'curl/8.5'): RecordedEvent => ({
  ...factory.create('dev.postern.call.denied.v1', {
    subject: 'handle/hdl_a',
    partitionKey: 'hdl_a',
    correlationId: 'req_1',
    severity: 'WARN',
    data: {
      checksum_ok: true,
      reason: 'expired',
      detail: 'the handle has expired',
      env_listener: 'prod',
      method,
      client: { ip: '10.0.0.1', user_agent: userAgent },
    },
  }),
  time: '2026-11-20T12:00:00.123Z',
  recordedtime: '2026-11-20T12:00:00.127Z',
  sequence: '00000000000000000001',
});

describe('an event for a person at a terminal', () => {
  it('is one line with time, severity, type, subject and every field', () => {
    expect(describeEvent(denied('GET'))).toBe(
      '2026-11-20T12:00:00.123Z WARN  call.denied.v1 handle/hdl_a reason=expired ' +
        'checksum_ok=true detail="the handle has expired" env_listener=prod method=GET client.ip=10.0.0.1 ' +
        'client.user_agent=curl/8.5 env=prod correlation=req_1',
    );
  });

  it.each([
    [['reads-ledger', 'reads-archive'], 'reads-ledger,reads-archive'],
    [[], '[]'],
    [['one, two'], String.raw`"[\"one, two\"]"`],
    [['a,b', 'c'], String.raw`"[\"a,b\",\"c\"]"`],
    [['\u001b[2J'], String.raw`"[\"\\u001b[2J\"]"`],
    [[{ issuer: 'x' }], String.raw`"[{\"issuer\":\"x\"}]"`],
  ])('shows the list %j so that nobody takes it for another', (list, text) => {
    const event = denied('GET');
    const data = { ...event.data, list } as typeof event.data;
    expect(describeEvent({ ...event, data })).toContain(` list=${text} env=`);
  });

  it('is one line of printable ASCII, whatever a caller sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), fc.string({ unit: 'grapheme' }), (one, other) => {
        expect(describeEvent(denied(one, other))).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  it('shows what would move the cursor, and does not send it', () => {
    expect(describeEvent(denied('\u001b[2J'))).toContain(String.raw`method="\u001b[2J"`);
  });
});
