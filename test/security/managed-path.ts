import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ManagedCredential, ManagedCredentials } from '#credentials';
import { type CallPathParts, InMemoryCredentialCensus, InMemoryRotationWorld } from '#testing';
import { Metrics } from '#platform';
import { CredentialTurns } from '../../apps/proxy/src/credential-turns.js';
import { CallPath, type CallPathOptions } from './call-path.js';

export const OLD = 'Gr8/ledger+pass"word&1987';
export const NEW = 'n3w/ledger+pass"word&2026';
export const OLDEST = 'older/ledger+password&1969';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A legacy system that knows some passwords of an account, and what was sent to it. */
export class LegacyAccount {
  valid: ReadonlySet<string>;
  /** Passwords that were tried, in order. */
  readonly tried: string[] = [];
  /** What is answered beside the judgement. */
  respond: Respond = (_, response) => response.end('ok');
  /** What a refusal says. */
  refusal = 'no';
  /** The answer to a login waits for this. */
  gate: Promise<void> = Promise.resolve();

  constructor(...valid: string[]) {
    this.valid = new Set(valid);
  }

  readonly judge: Respond = (request, response) => {
    void this.gate.then(() => {
      const [, basic = ''] = /^Basic (.*)$/.exec(request.headers.authorization ?? '') ?? [];
      const password = Buffer.from(basic, 'base64').toString().split(':').slice(1).join(':');
      this.tried.push(password);
      if (this.valid.has(password)) this.respond(request, response);
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(this.refusal);
    });
  };
}

/** A proxy whose credential is managed, with the census in memory. */
export class ManagedPath {
  private constructor(
    readonly path: CallPath,
    readonly world: InMemoryRotationWorld,
    readonly managed: ManagedCredentials,
    readonly resent: readonly string[],
  ) {}

  /** Version 1 is current. */
  static async start(
    { change = {}, ...options }: CallPathOptions & { readonly change?: Partial<ManagedCredential> },
    versions: readonly Readonly<Record<string, string>>[] = [OLD, NEW].map(passwordOf),
  ): Promise<ManagedPath> {
    const resent: string[] = [];
    let world: InMemoryRotationWorld | undefined;
    let managed: ManagedCredentials | undefined;
    const [first = {}, ...others] = versions;
    const path = await CallPath.start({
      ...options,
      registration: { rotation: { refusals: [401] }, ...options.registration },
      secret: first,
      managedOf: (parts) => {
        world = new InMemoryRotationWorld(parts.clock, parts.journal);
        managed = managedOf(parts, world);
        const credentialTurns = new CredentialTurns({
          ...{ managed, metrics: new Metrics(), onProblem: () => undefined },
        });
        return { managed, credentialTurns, resent: (what) => resent.push(what) };
      },
    });
    for (const fields of others) await path.parts.seal(fields);
    if (world === undefined || managed === undefined) throw new Error('it was not made');
    const started = new ManagedPath(path, world, managed, resent);
    await started.put(change);
    return started;
  }

  /** Changes the row, and waits until the proxy acts by it. */
  async put(change: Partial<ManagedCredential>): Promise<void> {
    this.change(change);
    await this.managed.askAnew();
  }

  /** Changes the row; the proxy finds out. */
  change(change: Partial<ManagedCredential>): void {
    const [ref] = [...this.path.parts.resources.values()].map(({ secretRef }) => secretRef);
    if (ref === undefined) throw new Error('there is no resource');
    const before = this.world.find(ref)?.credential;
    this.world.put({
      ...{ ref, resource: 'ledger', currentVersion: 1, fallbackVersion: undefined },
      ...{ retiredVersion: 0, epoch: 1, gate: 'open', state: 'active' },
      ...before,
      ...change,
      serial: (before?.serial ?? 0) + 1,
    });
  }

  get refusals(): unknown[] {
    return this.world.refusals.map(({ version, status, fallbackWorked }) => ({
      version,
      status,
      fallbackWorked,
    }));
  }

  /** What the census knows of the calls of this proxy: open and unanswered by version. */
  async uses(): Promise<unknown[]> {
    await this.managed.askAnew();
    const [ref] = [...this.path.parts.resources.values()].map(({ secretRef }) => secretRef);
    const [instance] = ref === undefined ? [] : this.world.usesOf(ref);
    return (instance?.uses ?? [])
      .filter(({ open, unanswered }) => open !== 0 || unanswered !== 0)
      .map(({ version, open, unanswered }) => ({ version, open, unanswered }));
  }

  get completed(): unknown[] {
    return this.path.parts.ledger.completed.map(({ data }) => [
      data.outcome,
      data.upstream_status,
      data.credential_version,
      data.refused_version,
    ]);
  }

  stop(): Promise<void> {
    return this.path.stop();
  }
}

export const passwordOf = (password: string): Readonly<Record<string, string>> => ({
  username: 'ledger-svc',
  password,
});

const managedOf = (parts: CallPathParts, world: InMemoryRotationWorld): ManagedCredentials =>
  new ManagedCredentials({
    census: new InMemoryCredentialCensus(world, parts.events),
    credentials: parts.credentials,
    clock: parts.clock,
    instanceId: 'instance_1',
    refs: [...parts.resources.values()].map(({ secretRef: ref, rotation }) => ({
      ref,
      isRotated: rotation !== undefined,
    })),
  });
