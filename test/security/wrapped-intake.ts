import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import {
  PostgresCredentialBook,
  PostgresIntakeKeys,
  PostgresLoginBudget,
  PostgresRotationStore,
  PostgresRotationUpkeep,
} from '#adapters/postgres';
import { RotatorIntake, sealWrap, wrapFingerprint } from '#adapters/intake';
import { VaultRotatedSecrets, VaultSecretStore, VaultWrappingTokens } from '#adapters/vault';
import { type SecretRef } from '#credentials';
import { EventFactory } from '#events';
import { Secret, secondsAfter, SystemClock } from '#kernel';
import {
  CredentialProbe,
  type LeasedRotation,
  type ProbeAnswer,
  type Rotation,
  RotationEngine,
  type RotationPlan,
  type WrapIntake,
} from '#rotation';
import { aRotation, rotationTerms } from '#testing';
import { openBaoAdmin, type TestDatabase, testPostgres } from '#test-support';

const clock = new SystemClock();
const OWNER = 'a-rotator';
const LEASE_MS = 60_000;

class EverythingWorks extends CredentialProbe {
  override async login(): Promise<ProbeAnswer> {
    return { result: 'ok', detail: 'works' };
  }
  override async verify(): Promise<ProbeAnswer> {
    return { result: 'ok', detail: 'works' };
  }
}

/** Between the rotator and its Vault: lets a request to unwrap through, and cuts the connection when its answer comes. */
export class AnswerCutter {
  /** Requests to unwrap that came by. */
  unwraps = 0;
  cuts = false;
  /** Done before a request to unwrap goes on. */
  onUnwrap: () => Promise<void> = async () => undefined;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async start(target: string): Promise<AnswerCutter> {
    const server = createServer();
    const cutter = new AnswerCutter(server, new URL(target));
    server.on('connection', (near) => cutter.#join(near));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return cutter;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(near: Socket): void {
    const far = connect({ host: this.target.hostname, port: Number(this.target.port) });
    let unwraps = false;
    near.on('data', (bytes: Buffer) => {
      if (!bytes.includes('/v1/sys/wrapping/unwrap')) return void far.write(bytes);
      unwraps = true;
      this.unwraps += 1;
      void this.onUnwrap().then(() => far.write(bytes));
    });
    far.on('data', (bytes: Buffer) => {
      if (unwraps && this.cuts) near.destroy();
      else near.write(bytes);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one
        .on('error', () => undefined)
        .on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
    }
  }
}

/** A rotator's way of taking wrapping tokens in, over a real Vault and a real PostgreSQL. */
export class WrappedIntake {
  readonly failures: unknown[] = [];
  #lease: LeasedRotation | undefined;

  readonly admin = openBaoAdmin();

  private constructor(
    readonly mount: string,
    readonly postgres: TestDatabase,
    readonly cutter: AnswerCutter,
    private readonly parts: {
      readonly secrets: VaultRotatedSecrets;
      readonly values: VaultSecretStore;
      readonly tokens: VaultWrappingTokens;
      readonly wraps: RotatorIntake;
    },
  ) {}

  static async start(): Promise<WrappedIntake> {
    const admin = openBaoAdmin();
    const mount = await admin.mountKv();
    const postgres = (await testPostgres(18))!;
    const cutter = await AnswerCutter.start(admin.address);
    const role = await admin.appRole({
      policies: [`postern-rotator-${mount}`],
      withoutDefaultPolicy: true,
    });
    const settings = {
      address: cutter.address,
      auth: { kind: 'approle', ...role, secretId: Secret.of(role.secretId) },
    } as const;
    const secrets = new VaultRotatedSecrets({ settings, clock });
    const values = new VaultSecretStore({ settings, clock });
    const wraps = new RotatorIntake({
      store: values,
      secrets,
      ref: { mount, path: 'postern/rotator-intake' },
      keys: new PostgresIntakeKeys(postgres.database),
    });
    const tokens = new VaultWrappingTokens({ settings });
    const parts = { secrets, values, tokens, wraps };
    const intake = new WrappedIntake(mount, postgres, cutter, parts);
    await intake.prepare();
    return intake;
  }

  get ref(): SecretRef {
    return { mount: this.mount, path: 'legacy/ledger' };
  }

  get creationPath(): string {
    return `${this.mount}/data/intake/ledger`;
  }

  get tokens(): VaultWrappingTokens {
    return this.parts.tokens;
  }

  get secrets(): VaultRotatedSecrets {
    return this.parts.secrets;
  }

  get values(): VaultSecretStore {
    return this.parts.values;
  }

  /** What an administrator does: writes the value below `intake/`, and reads it wrapped. */
  async wrap(password: string, { path = 'intake/ledger', ttlSeconds = 300 } = {}): Promise<Secret> {
    const at = `${this.mount}/data/${path}`;
    await this.admin.must('POST', at, { data: { username: 'svc', password } });
    return Secret.of(await this.admin.wrapRead(at, ttlSeconds));
  }

  /** A rotation by that wrapping token, taken as far as the intake goes. */
  async takeIn(wrappingToken: Secret, wrap: Partial<WrapIntake> = {}): Promise<Rotation> {
    const now = clock.now();
    const published = (await new PostgresIntakeKeys(this.postgres.database).current())!;
    const rotation = aRotation({
      kind: 'external',
      origin: 'wrapped',
      ref: this.ref,
      wrap: {
        sealedToken: await sealWrap(published, wrappingToken),
        fingerprint: wrapFingerprint(wrappingToken),
        told: undefined,
        unwrapStartedAt: undefined,
        ...wrap,
      },
      ...{ dueAt: now, requestedAt: now, stateSince: now, deadlineAt: secondsAfter(now, 1_800) },
    });
    const store = new PostgresRotationStore(this.postgres.database);
    expect(await store.request(rotation, [])).toBe('requested');
    this.#lease = await store.lease(OWNER, LEASE_MS);
    return this.goOn();
  }

  /** As far as the intake goes, or until it waits. */
  async goOn(): Promise<Rotation> {
    let lease = this.#lease!;
    do {
      lease = { ...lease, rotation: await this.engine().advance(lease) };
    } while (
      ['requested', 'intake'].includes(lease.rotation.state) &&
      lease.rotation.dueAt <= clock.now()
    );
    this.#lease = lease;
    return lease.rotation;
  }

  /** What the rotator may do from now on. */
  async permit(change: (hcl: string) => string): Promise<void> {
    // The policy that is shipped, for this run's mount.
    const hcl = await readFile('deploy/vault/rotator.hcl', 'utf8');
    const policy = change(hcl.replaceAll('"secret/', `"${this.mount}/`));
    await this.admin.writePolicy(`postern-rotator-${this.mount}`, policy);
  }

  /** As if it had never been, so that the next one may begin. */
  async forget({ id }: Rotation): Promise<void> {
    await this.secrets.discard(this.ref, id);
    await this.postgres.database.query('delete from rotation where id = $1', [id]);
  }

  async eventsOf({ id }: Rotation): Promise<{ type: string; data: Record<string, unknown> }[]> {
    const rows = await this.postgres.database.query<{
      payload: { type: string; data: Record<string, unknown> };
    }>('select payload from outbox order by seq');
    return rows.map(({ payload }) => payload).filter(({ data }) => data['rotation_id'] === id);
  }

  /** Every row of every table, and all that the process holds, as somebody could print it. */
  async everything(): Promise<string> {
    const { database } = this.postgres;
    const tables = await database.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'`,
    );
    const rows = await Promise.all(
      tables.map(({ name }) =>
        database.query<{ text: string | null }>(
          `select string_agg(t::text, ' ') as text from ${name} t`,
        ),
      ),
    );
    const held = inspect([this.parts, this.engine(), this.failures], {
      depth: 8,
      showHidden: true,
    });
    return [...rows.flat().map(({ text }) => text ?? ''), held].join('\n');
  }

  async stop(): Promise<void> {
    await this.parts.secrets.close();
    await this.parts.values.close();
    await this.parts.tokens.close();
    await this.cutter.stop();
    await this.postgres.drop();
  }

  private async prepare(): Promise<void> {
    await this.permit((hcl) => hcl);
    const live = { username: 'svc', password: 'first' };
    await this.admin.must('POST', `${this.mount}/data/legacy/ledger`, { data: live });
    await this.parts.wraps.publish();
    const book = new PostgresCredentialBook(this.postgres.database);
    await book.adopt({ ref: this.ref, resource: 'ledger', version: 1 }, []);
  }

  private engine(): RotationEngine {
    const { database } = this.postgres;
    const { secrets, values, tokens, wraps } = this.parts;
    const wrapped = { creationPath: this.creationPath, ttlSecondsMax: 900, ageSecondsMax: 900 };
    const terms = rotationTerms({ ref: this.ref, kind: 'external', wrapped });
    const plan: RotationPlan = { ...terms, changer: undefined, probe: new EverythingWorks() };
    return new RotationEngine({
      store: new PostgresRotationStore(database),
      book: new PostgresCredentialBook(database),
      budget: new PostgresLoginBudget(database),
      upkeep: new PostgresRotationUpkeep(database),
      plans: new Map([['ledger', plan]]),
      events: new EventFactory({
        clock,
        environment: 'test',
        deployment: 'wrapped-intake',
        component: 'rotator',
      }),
      ...{ secrets, values, wrapping: tokens, wraps, clock },
    });
  }
}
