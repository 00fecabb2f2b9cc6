import { type RuleId } from '#detection';
import { type BenignTraffic } from './benign.js';
import { type Doings } from './doings.js';
import {
  DAY_MS,
  type Environment,
  FIRST_DAY_MS,
  LEARNING_PART,
  SECOND_MS,
  type Volume,
} from './model.js';
import { addressAbroad } from './places.js';
import { type Attack } from './recorder.js';
import { ownSession, type Scene } from './scene.js';
import {
  enumerate,
  exfiltrate,
  exchangeInBursts,
  guess,
  harvest,
  useAlongside,
} from './stream-attacks.js';
import { type Workload } from './workloads.js';

interface Plan {
  readonly rule: RuleId;
  readonly variants: readonly string[];
  readonly run: (scene: Scene) => void;
}

/** `mimic`: the attacker copies the victim's user agent. `slow`: it stays below the figures of the rule. */
export const PLANS: readonly Plan[] = [
  { rule: 'D01', variants: ['plain', 'mimic'], run: replay },
  { rule: 'D02', variants: ['plain'], run: exchangeElsewhere },
  { rule: 'D03', variants: ['plain'], run: carryElsewhere },
  { rule: 'D04', variants: ['plain', 'mimic'], run: useRevoked },
  { rule: 'D06', variants: ['plain'], run: useWithoutKey },
  { rule: 'D09', variants: ['plain'], run: useCanary },
  { rule: 'D07', variants: ['plain', 'mimic'], run: useAlongside },
  { rule: 'D08', variants: ['plain', 'slow'], run: guess },
  { rule: 'D10', variants: ['plain', 'slow'], run: exchangeInBursts },
  { rule: 'D11', variants: ['plain', 'slow'], run: harvest },
  { rule: 'D12', variants: ['plain', 'slow'], run: enumerate },
  { rule: 'D17', variants: ['plain', 'slow'], run: exfiltrate },
];

const TOOLS = ['curl/8.5.0', 'Wget/1.21.4', 'python-httpx/0.27.2', 'libwww-perl/6.72'] as const;

/** All attacks of the run, each with its events; so many of each variant as the volume says. */
export function launch(
  doings: Doings,
  benign: BenignTraffic,
  workloads: readonly Workload[],
  { days, episodes }: Volume,
): readonly Attack[] {
  const { chance } = doings;
  const attacks: Attack[] = [];
  for (const { rule, variants, run } of PLANS) {
    for (const variant of variants) {
      for (let index = 0; index < episodes; index += 1) {
        const victim = chance.of(workloads.filter((one) => fits(one, rule)));
        const at = FIRST_DAY_MS + days * DAY_MS * chance.between(LEARNING_PART, 0.985);
        const attack = { name: `${rule}/${variant}/${index}`, ...{ rule, variant }, startedAt: at };
        const agent = benign.caller(victim, victim.replicas[0]!, at).user_agent;
        const shown = variant === 'mimic' ? agent : chance.of(TOOLS);
        const attacker = {
          ip: addressAbroad(chance),
          ...(shown === undefined ? {} : { user_agent: shown }),
        };
        run({ ...{ doings, benign, victim, at, attacker, variant, attack } });
        attacks.push(attack);
      }
    }
  }
  return attacks;
}

/** Whose handles are worth taking: bound ones for D06, unbound ones where they are used from elsewhere. */
function fits({ binding, kind, environment }: Workload, rule: RuleId): boolean {
  if (rule === 'D06') return binding !== 'none';
  if (rule === 'D07' || rule === 'D04') return binding === 'none' && kind !== 'batch';
  if (rule === 'D02') return environment === 'staging';
  if (rule === 'D17') return kind !== 'batch';
  return true;
}

function replay(scene: Scene): void {
  const { doings, victim, attacker, at, attack } = scene;
  const first = ownSession(scene, doings.chance.between(30, 480));
  doings.deniedExchange(
    victim,
    { at, caller: attacker, label: { attack } },
    {
      reason: 'replayed',
      error: 'invalid_grant',
      ...{ subject_token_fp: first.fingerprint, prior_exchange_id: first.exchangeId },
      prior_env: victim.environment,
    },
  );
}

function exchangeElsewhere(scene: Scene): void {
  const { doings, victim, attacker: caller, at, attack } = scene;
  const first = ownSession(scene, doings.chance.between(10, 200));
  const act = { at, caller, label: { attack }, environment: 'prod' as const };
  const handle = doings.exchange(victim, first.resource, act, first);
  doings.call(handle, { ...act, at: at + 2 * SECOND_MS });
}

function carryElsewhere(scene: Scene): void {
  const { doings, victim, attacker: caller, at, attack } = scene;
  ownSession(scene);
  const from = victim.environment;
  const to: Environment = from === 'prod' ? 'staging' : 'prod';
  const act = { at, caller, label: { attack } };
  const handle = { handle_fp: doings.chance.hex(32), env_handle: from };
  doings.deniedCall(to, act, { ...handle, reason: 'env_mismatch' });
}

function useRevoked(scene: Scene): void {
  const { doings, benign, victim, attacker: caller, at, attack } = scene;
  const { chance } = doings;
  const handle = ownSession(scene, chance.between(100, 200));
  const revokedAt = at - chance.between(10, 90) * SECOND_MS;
  const owner = benign.caller(victim, victim.replicas[0]!, at);
  doings.revoke(handle, { at: revokedAt, caller: owner, label: {} }, 'the job is over');
  for (let tries = 0; tries < chance.int(1, 4); tries += 1) {
    const act = { at: at + tries * 7 * SECOND_MS, caller, label: { attack } };
    doings.deadCall(handle, act, 'revoked');
  }
}

function useWithoutKey(scene: Scene): void {
  const { doings, attacker: caller, at, attack } = scene;
  const handle = ownSession(scene, 20);
  const { id, resource, environment } = handle;
  const data = { handle_id: id, resource, env_handle: environment };
  const act = { at, caller, label: { attack } };
  doings.deniedCall(environment, act, { ...data, reason: 'binding_mismatch' });
}

function useCanary({ doings, victim, attacker: caller, at, attack }: Scene): void {
  const act = { at, caller, label: { attack } };
  doings.deniedCall(victim.environment, act, {
    handle_id: doings.chance.id('hdl'),
    handle_fp: doings.chance.hex(32),
    reason: 'canary',
  });
}
