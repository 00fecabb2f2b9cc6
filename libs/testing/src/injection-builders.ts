import { readFileSync } from 'node:fs';
import { DestinationUpstream, HttpTokenSource } from '#adapters/http';
import { PinnedCredentials, type SecretRef } from '#credentials';
import { EventFactory } from '#events';
import { type Handle, HandleLife, mintHandle, ProofOfPossession } from '#handles';
import {
  compileProxiedResource,
  type InjectionParts,
  type ProxiedResource,
  type ProxiedResourceRegistration,
} from '#injection';
import { Secret } from '#kernel';
import { type ResourceRegistration } from '#policy';
import { FixedClock } from './fixed-clock.js';
import { aHandle, aHandleIssue } from './handle-builders.js';
import { InMemoryCallLedger } from './in-memory-call-ledger.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryHandleRecords, InMemoryHandleStore } from './in-memory-handle-store.js';
import { InMemoryProofUses } from './in-memory-proof-uses.js';
import { InMemorySecretStore } from './in-memory-secret-store.js';
import { aResource, TEST_ENVIRONMENT, TEST_ORIGIN } from './policy-builders.js';

export const TEST_SECRET_REF: SecretRef = { mount: 'secret', path: 'legacy/ledger' };
export const TEST_USERNAME = 'ledger-svc';
export const TEST_PASSWORD = 'Gr8/ledger+pass"word&1987';

/** What the registration of a proxied resource says beside what policy knows. */
export const aProxiedRegistration = (
  overrides: Partial<ProxiedResourceRegistration> = {},
): ProxiedResourceRegistration => ({
  destination: 'http://127.0.0.1:9/api',
  tls: undefined,
  network: { allowPrivate: true },
  credential: { ref: TEST_SECRET_REF },
  inject: { kind: 'basic', username: 'username', password: 'password' },
  call: {
    totalTimeoutMs: 10_000,
    connectTimeoutMs: 2_000,
    headersTimeoutMs: 5_000,
    idleTimeoutMs: 5_000,
    requestBytesMax: 1024 * 1024,
    responseBytesMax: Infinity,
    concurrencyMax: 64,
    audit: 'strict',
  },
  response: { scrub: 'stream' },
  ...overrides,
});

/** The resource `ledger` as the proxy knows it: basic credentials, streamed scrubbing, a destination on loopback. */
export const aProxiedResource = (
  overrides: Partial<ProxiedResourceRegistration> = {},
  policy: Partial<ResourceRegistration> = {},
): ProxiedResource =>
  compileProxiedResource(aProxiedRegistration(overrides), {
    resource: aResource(policy),
    publicOrigin: TEST_ORIGIN,
    readFile: (path) => readFileSync(path, 'utf8'),
  });

/** All that the injection pipeline needs, in memory but for the connection to the destination, which is real. */
export class CallPathParts implements InjectionParts {
  readonly environment = TEST_ENVIRONMENT;
  readonly publicOrigin = TEST_ORIGIN;
  readonly clock = new FixedClock();
  readonly journal = new InMemoryEventJournal();
  readonly records = new InMemoryHandleRecords();
  readonly handles = new InMemoryHandleStore(this.records);
  readonly life = new HandleLife();
  readonly ledger = new InMemoryCallLedger();
  readonly secrets = new InMemorySecretStore();
  readonly credentials = new PinnedCredentials({ store: this.secrets, clock: this.clock });
  readonly upstream = new DestinationUpstream();
  readonly tokens = new HttpTokenSource();
  readonly possession = new ProofOfPossession({
    uses: new InMemoryProofUses(),
    nonces: undefined,
    clock: this.clock,
  });
  readonly events = new EventFactory({
    clock: this.clock,
    environment: this.environment,
    deployment: 'test',
    component: 'proxy',
  });
  readonly resources: Map<string, ProxiedResource>;

  constructor(resources: readonly ProxiedResource[]) {
    this.resources = new Map(resources.map((resource) => [resource.id, resource]));
  }

  /** Writes the next version of a secret; by default that of `ledger`. */
  async seal(
    fields: Readonly<Record<string, string>> = { username: TEST_USERNAME, password: TEST_PASSWORD },
    ref: SecretRef = TEST_SECRET_REF,
  ): Promise<number> {
    const secrets = Object.entries(fields).map(
      ([name, value]) => [name, Secret.of(value)] as const,
    );
    return this.secrets.put(ref, new Map(secrets));
  }

  /** A live handle for `ledger`, known to store and ledger. Its plaintext is given out here and kept nowhere. */
  async issue(
    overrides: Partial<Handle> = {},
  ): Promise<{ readonly plaintext: string; readonly handle: Handle }> {
    const environment = overrides.environment ?? this.environment;
    const { plaintext, digest, id } = mintHandle(environment);
    const handle = aHandle({ id, digest, environment, ...overrides });
    await this.handles.issue(aHandleIssue(handle));
    this.ledger.put(handle);
    return { plaintext, handle };
  }
}
