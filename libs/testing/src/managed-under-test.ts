import {
  type CredentialRefusal,
  type CredentialUse,
  type ManagedCredential,
  ManagedCredentials,
  PinnedCredentials,
  type SecretRef,
} from '#credentials';
import { EventFactory } from '#events';
import { type PosternError, Secret } from '#kernel';
import { type InstanceUse } from '#rotation';
import { FixedClock } from './fixed-clock.js';
import { InMemoryCredentialCensus } from './in-memory-credential-census.js';
import { InMemoryRotationWorld } from './in-memory-rotation-world.js';
import { InMemorySecretStore } from './in-memory-secret-store.js';

export const MANAGED_REF: SecretRef = { mount: 'secret', path: 'legacy/ledger' };
export const UNMANAGED_REF: SecretRef = { mount: 'secret', path: 'legacy/other' };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The managed credentials of one instance, over a census in memory whose row a test changes. */
export class ManagedUnderTest {
  readonly clock = new FixedClock();
  readonly rotation = new InMemoryRotationWorld(this.clock);
  readonly store = new InMemorySecretStore();
  readonly credentials = new PinnedCredentials({ store: this.store, clock: this.clock });
  readonly census = new InMemoryCredentialCensus(
    this.rotation,
    new EventFactory({
      clock: this.clock,
      environment: 'prod',
      deployment: 'test',
      component: 'proxy',
    }),
  );
  nowMs = 1_000;
  readonly heard: string[] = [];
  readonly told: CredentialRefusal[] = [];
  readonly managed = new ManagedCredentials({
    census: this.census,
    credentials: this.credentials,
    clock: this.clock,
    instanceId: 'instance_1',
    refs: [
      { ref: MANAGED_REF, isRotated: true },
      { ref: UNMANAGED_REF, isRotated: false },
    ],
    nowMs: () => this.nowMs,
    observer: {
      answered: () => this.heard.push('answered'),
      failed: () => this.heard.push('failed'),
      waited: (seconds) => this.heard.push(`waited ${seconds}`),
      refused: (refusal) => this.told.push(refusal),
    },
  });

  /** Takes the credential in hand with its first version, and asks. */
  static async adopted(): Promise<ManagedUnderTest> {
    const world = new ManagedUnderTest();
    await world.write('first');
    await world.write('second');
    world.put({});
    await world.managed.ask();
    return world;
  }

  write(value: string): Promise<number> {
    return this.store.put(MANAGED_REF, new Map([['password', Secret.of(value)]]));
  }

  put(change: Partial<ManagedCredential>): void {
    const before = this.rotation.find(MANAGED_REF)?.credential;
    this.rotation.put({
      ...{ ref: MANAGED_REF, resource: 'ledger', currentVersion: 1, fallbackVersion: undefined },
      ...{ retiredVersion: 0, epoch: 1, gate: 'open', state: 'active' },
      ...before,
      ...change,
      serial: (before?.serial ?? 0) + 1,
    });
  }

  get reported(): InstanceUse | undefined {
    return this.rotation.usesOf(MANAGED_REF)[0];
  }

  forward(ms: number): void {
    this.nowMs += ms;
    this.clock.advance(ms / 1_000);
  }

  async turn(ms = 100): Promise<void> {
    this.forward(ms);
    this.managed.turn();
    await settled();
  }

  /** Turns until so much time is over. */
  async turns(ms: number): Promise<void> {
    for (let over = 0; over < ms; over += 50) await this.turn(50);
  }

  over: PosternError | undefined;

  admit(): ReturnType<ManagedCredentials['admit']> {
    return this.managed.admit(MANAGED_REF, { over: () => this.over });
  }

  async begun(): Promise<CredentialUse> {
    const use = await this.admit();
    if (use === undefined) throw new Error('not managed');
    return use;
  }
}

/** What became of a promise so far. */
export class WatchedOutcome<Outcome> {
  outcome: Outcome | undefined;
  error: unknown;
  constructor(promise: Promise<Outcome> | Outcome) {
    Promise.resolve(promise).then(
      (outcome) => (this.outcome = outcome),
      (error: unknown) => (this.error = error),
    );
  }
}
