import { SecretStoreUnavailable } from '#credentials';
import { DependencyUnavailable } from '#kernel';

/** The process died. */
export class Crash extends Error {}

export const faults = [
  'crash_before',
  'crash_after',
  'not_sent',
  'answer_lost',
  'stands_still',
] as const;
export type Fault = (typeof faults)[number];

/** Which call of a port goes wrong, and what happens around each. */
export interface FaultPlan {
  /** The fault of the next call. Counts the calls. */
  take(): Fault | undefined;
  /** Time goes by, before and after each call. */
  around(): Promise<void>;
  /**
   * The process stands still, for longer than its lease maybe, and then goes on as if nothing had been. `isBounded`: in a
   * call that ends within ten seconds by its contract.
   */
  standStill(isBounded: boolean): Promise<void>;
}

/** The port, with time and faults around each of its calls. `throws`: what it throws when it is away. */
export function faulty<P extends object>(
  port: P,
  plan: FaultPlan,
  throws: 'store' | 'secrets' | 'none',
): P {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      const isPure = name === 'next';
      return isPure
        ? (member.bind(target) as unknown)
        : (...given: unknown[]) =>
            guarded(() => Reflect.apply(member, target, given), plan, throws);
    },
  });
}

async function guarded(
  act: () => unknown,
  plan: FaultPlan,
  throws: 'store' | 'secrets' | 'none',
): Promise<unknown> {
  await plan.around();
  const fault = plan.take();
  if (fault === 'crash_before') throw new Crash();
  if (fault === 'stands_still') await plan.standStill(throws === 'none');
  if (fault === 'not_sent' && throws !== 'none') throw away(throws);
  const result = await act();
  if (fault === 'crash_after') throw new Crash();
  if (fault === 'answer_lost' && throws !== 'none') throw away(throws);
  await plan.around();
  return result;
}

const away = (throws: 'store' | 'secrets'): Error =>
  throws === 'store'
    ? new DependencyUnavailable('rotations', 'the connection was cut')
    : new SecretStoreUnavailable('unreachable', 'the connection was cut');
