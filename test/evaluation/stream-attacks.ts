import { SECOND_MS } from './model.js';
import { minutes, ownSession, type Scene } from './scene.js';
import { RESOURCES } from './workloads.js';

/** D07: a stolen handle is used while its owner uses it. */
export function useAlongside(scene: Scene): void {
  const { doings, benign, victim, attacker: caller, at, attack } = scene;
  const handle = ownSession(scene, 20);
  const calls = doings.chance.int(2, 8);
  for (let call = 0; call < calls; call += 1) {
    const later = at + call * 12 * SECOND_MS;
    doings.call(handle, { at: later, caller, label: { attack } });
    const owner = benign.caller(victim, victim.replicas[0]!, later);
    doings.call(handle, { at: later + 5 * SECOND_MS, caller: owner, label: {} });
  }
}

/** D08: handles that nobody was given, from one address; well made, as somebody who has read the format makes them. */
export function guess(scene: Scene): void {
  const { doings, victim, attacker: caller, at, attack, variant } = scene;
  const isSlow = variant === 'slow';
  const tries = isSlow ? 12 : doings.chance.int(14, 60);
  const span = isSlow ? minutes(15) : minutes(4);
  for (let index = 0; index < tries; index += 1) {
    const act = { at: at + (index * span) / tries, caller, label: { attack } };
    doings.deniedCall(victim.environment, act, { handle_fp: doings.chance.hex(32) });
  }
}

/** D10: with the identity of one pod, as many handles as it gets. */
export function exchangeInBursts(scene: Scene): void {
  const { doings, benign, victim, at, attack, variant } = scene;
  const isSlow = variant === 'slow';
  const exchanges = isSlow ? 24 : doings.chance.int(60, 200);
  const span = isSlow ? minutes(20) : minutes(4);
  const caller = benign.caller(victim, victim.replicas[0]!, at);
  for (let index = 0; index < exchanges; index += 1) {
    const act = { at: at + (index * span) / exchanges, caller, label: { attack } };
    doings.exchange(victim, doings.chance.of(victim.resources), act);
  }
}

/** D11: with the identity of one pod, a handle for each system that its grants reach. */
export function harvest(scene: Scene): void {
  const { doings, benign, victim, at, attack, variant } = scene;
  const isSlow = variant === 'slow';
  const others = RESOURCES.filter((one) => !victim.resources.includes(one));
  const taken = others.slice(0, isSlow ? 6 : doings.chance.int(7, 10));
  const span = isSlow ? minutes(90) : minutes(7);
  const caller = benign.caller(victim, victim.replicas[0]!, at);
  for (const [index, resource] of taken.entries()) {
    const act = { at: at + (index * span) / taken.length, caller, label: { attack } };
    doings.exchange(victim, resource, act);
  }
}

/** D12: what is there, one after the other, until something is permitted. */
export function enumerate(scene: Scene): void {
  const { doings, victim, attacker: caller, at, attack, variant } = scene;
  const isSlow = variant === 'slow';
  const names = isSlow ? 6 : doings.chance.int(6, 12);
  const span = isSlow ? minutes(90) : minutes(7);
  for (let index = 0; index < names; index += 1) {
    const act = { at: at + (index * span) / names, caller, label: { attack } };
    doings.deniedExchange(victim, act, { audience: `hidden-${index}` });
  }
}

/** D17: all that the resource gives, handle after handle, by the pod itself. */
export function exfiltrate(scene: Scene): void {
  const { doings, benign, victim, at, attack, variant } = scene;
  const { chance } = doings;
  const bytes = variant === 'slow' ? 60_000_000 : chance.between(1e9, 5e9);
  const handles = chance.int(3, 8);
  const label = { attack };
  const caller = benign.caller(victim, victim.replicas[0]!, at);
  const resource = victim.resources[0]!;
  for (let index = 0; index < handles; index += 1) {
    const begun = at + index * minutes(5);
    const handle = doings.exchange(victim, resource, { at: begun, caller, label });
    for (let call = 1; call <= 8; call += 1) {
      const act = { at: begun + call * 25 * SECOND_MS, caller, label };
      doings.call(handle, act, { bytes_out: Math.round(bytes / handles / 8) });
    }
  }
}
