import { isOfType } from '#events';
import { type Findings } from './findings.js';
import { MINUTE_MS, SECOND_MS } from './model.js';
import { whereabouts } from './places.js';
import { type SimulatedEvent } from './recorder.js';
import { type Caller } from './workloads.js';

export const BASELINES = ['naive', 'addresses', 'networks'] as const;
export type Baseline = (typeof BASELINES)[number];

const NAIVE_WINDOW_MS = 10 * MINUTE_MS;
const NAIVE_EXCHANGES = 20;
const EXCHANGE_WINDOW_MS = 300 * SECOND_MS;
const ADDRESSES_WINDOW_MS = 30 * MINUTE_MS;

interface Use {
  readonly id: string;
  readonly at: number;
  readonly caller: Caller;
}

/**
 * What one would write first, and what a public rule set has for keys that are used from several addresses. Both judge at
 * each event, and tell of a handle once, however long it goes on.
 */
export class BaselineRules {
  readonly #uses = new Map<string, Use[]>();
  readonly #exchanges = new Map<string, string[]>();

  constructor(private readonly findings: Findings) {}

  take(one: SimulatedEvent): void {
    const { event, arrivedAt: at } = one;
    const use = useOf(one);
    if (use !== undefined) this.#used(use.handleId, { id: event.id, at, caller: use.caller });
    if (isOfType(event, 'dev.postern.exchange.permitted.v1', 'dev.postern.exchange.denied.v1')) {
      const { subject_id: subjectId } = event.data.actor;
      if (subjectId !== undefined) this.#exchanged(subjectId, event.id, at);
    }
  }

  /** Windows that are over. */
  forget(before: number): void {
    for (const [handleId, uses] of this.#uses) {
      if (uses.every(({ at }) => at < before)) this.#uses.delete(handleId);
    }
    this.#exchanges.clear();
  }

  #used(handleId: string, use: Use): void {
    const known = [...(this.#uses.get(handleId) ?? []), use].filter(
      ({ at }) => at >= use.at - ADDRESSES_WINDOW_MS,
    );
    this.#uses.set(handleId, known);
    const recent = known.filter(({ at }) => at >= use.at - NAIVE_WINDOW_MS);
    if (countOf(recent, ipOf) >= 2 || countOf(recent, agentOf) >= 2) {
      this.#tell('naive', handleId, recent, use.at);
    }
    const [networks, cities] = [countOf(known, networkOf), countOf(known, cityOf)];
    if (countOf(known, ipOf) < 2) return;
    if (networks >= 2 || cities >= 2 || countOf(known, agentOf) >= 2) {
      this.#tell('addresses', handleId, known, use.at);
    }
    if (networks >= 2 && cities >= 2) this.#tell('networks', handleId, known, use.at);
  }

  #exchanged(subjectId: string, id: string, at: number): void {
    const window = `${subjectId} ${Math.floor(at / EXCHANGE_WINDOW_MS)}`;
    const ids = [...(this.#exchanges.get(window) ?? []), id];
    this.#exchanges.set(window, ids);
    if (ids.length <= NAIVE_EXCHANGES) return;
    const name = `naive ${window}`;
    this.findings.add({ name, finder: 'naive', severity: 'high', evidence: ids, at });
  }

  #tell(finder: Baseline, handleId: string, uses: readonly Use[], at: number): void {
    const name = `${finder} ${handleId}`;
    const evidence = uses.map(({ id }) => id);
    this.findings.add({ name, finder, severity: 'high', evidence, at });
  }
}

const ipOf = ({ caller }: Use): string => caller.ip;
/** The whole text: what is wrong with that is what is to be shown. */
const agentOf = ({ caller }: Use): string => caller.user_agent ?? '';
const networkOf = ({ caller }: Use): string => whereabouts(caller.ip).network;
const cityOf = ({ caller }: Use): string => whereabouts(caller.ip).city;

const countOf = (uses: readonly Use[], what: (use: Use) => string): number =>
  new Set(uses.map(what)).size;

function useOf({
  event,
}: SimulatedEvent): { readonly handleId: string; readonly caller: Caller } | undefined {
  if (isOfType(event, 'dev.postern.call.completed.v1')) {
    const { handle_id: handleId, client } = event.data;
    return client === undefined ? undefined : { handleId, caller: callerOf(client) };
  }
  if (!isOfType(event, 'dev.postern.call.denied.v1')) return undefined;
  const { handle_id: handleId, client } = event.data;
  return handleId === undefined ? undefined : { handleId, caller: callerOf(client) };
}

const callerOf = ({ ip, user_agent: agent }: { ip: string; user_agent?: string | undefined }) =>
  agent === undefined ? { ip } : { ip, user_agent: agent };
