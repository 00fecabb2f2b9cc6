import { type Logger, Metrics } from '#platform';
import { type Rotation } from '#rotation';
import { aRotation } from '#testing';
import { logTransition } from './rotation-log.js';
import { rotationMetrics } from './rotation-metrics.js';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function linesOf(from: Rotation, to: Rotation): readonly Line[] {
  const lines: Line[] = [];
  const at = (level: string) => (fields: Line['fields'], message: string) =>
    void lines.push({ level, message, fields });
  const log = { info: at('info'), warn: at('warn'), error: at('error') } as unknown as Logger;
  logTransition(log, { from, to });
  return lines;
}

const BEFORE = aRotation({ state: 'verifying' });

describe('the log of rotations', () => {
  it.each([
    ['verified', 'info'],
    ['recovering', 'warn'],
    ['abandoned', 'warn'],
    ['manual_required', 'error'],
  ] as const)('has one line for a rotation that came to %s', (state, level) => {
    const [line, ...others] = linesOf(BEFORE, { ...BEFORE, state });
    expect(line).toMatchObject({
      level,
      message: `rotation ${BEFORE.id} of ledger: verifying -> ${state}`,
    });
    expect(others).toEqual([]);
  });

  it('says why it waits once, not each time', () => {
    const waiting = { ...BEFORE, errorClass: 'target-unreachable', waits: 1 };
    const [line] = linesOf(BEFORE, waiting);
    expect(line?.level).toBe('warn');
    expect(line?.message).toContain('waits in verifying (target-unreachable)');
    expect(linesOf(waiting, { ...waiting, waits: 2 })).toEqual([]);
  });

  it('says nothing of what marks its writes, nor of a wrapping token', () => {
    const wrap = {
      sealedToken: 'a-sealed-token',
      fingerprint: 'f',
      told: undefined,
      unwrapStartedAt: undefined,
    };
    const [line] = linesOf(BEFORE, { ...BEFORE, state: 'verified', wrap, reason: 'a reason' });
    expect(JSON.stringify(line)).not.toMatch(/a-sealed-token|a reason/);
    expect(JSON.stringify(line)).not.toContain(BEFORE.token);
  });
});

describe('the figures of rotations', () => {
  it('count states, failures by class, and the time of those that ended', async () => {
    const metrics = new Metrics();
    const { transition, active } = rotationMetrics(metrics);
    const waiting = { ...BEFORE, errorClass: 'target-unreachable', waits: 1 };
    transition({ from: BEFORE, to: waiting });
    transition({ from: waiting, to: { ...waiting, state: 'verified' } });
    const endedAt = new Date(BEFORE.requestedAt.getTime() + 4_000);
    transition({ from: BEFORE, to: { ...BEFORE, state: 'abandoned', endedAt } });
    active([BEFORE, aRotation({ state: 'manual_required' })]);
    const text = await metrics.text();
    expect(text).toContain(
      'postern_rotation_transitions_total{kind="single_slot",state="verified"} 1',
    );
    expect(text).toContain(
      'postern_rotation_transitions_total{kind="external",state="wrap_lost"} 0',
    );
    expect(text).toContain('postern_rotation_failures_total{class="target-unreachable"} 1');
    expect(text).toContain('postern_rotation_seconds_sum{kind="single_slot",state="abandoned"} 4');
    expect(text).toContain('postern_rotations_active{state="manual_required"} 1');
    expect(text).toContain('postern_rotations_active{state="applying"} 0');
  });
});
