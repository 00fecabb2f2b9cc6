import { type IncomingMessage, request } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type ProxiedResourceRegistration } from '#injection';
import { createLogger, type HttpHost, startHttpHost } from '#platform';
import { aDenialEvent, aProxiedResource, CallPathParts, DpopKey } from '#testing';
import { ProxyModule, ProxyService } from '../../apps/proxy/src/proxy.module.js';
import { Canaries, type CanaryOwner, type Finding, printed, toldBy } from './canaries.js';
import { type EchoingDestination } from './echoing-destination.js';
import { type SecretKindName, secretKind } from './secret-kinds.js';

export interface ResourceWanted {
  readonly kind: SecretKindName;
  readonly scrub: 'stream' | 'buffer' | 'off';
  readonly audit: 'strict' | 'buffered';
  /** Two that differ in it are two resources. */
  readonly variant: string;
}

/** A registered resource and the secret that it has now. */
export interface WatchedResource extends ResourceWanted {
  readonly id: string;
  readonly ref: { readonly mount: string; readonly path: string };
  secrets: readonly string[];
}

export interface Heard {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** All of the answer: status line, headers, body, trailers; or what went wrong. */
  readonly text: string;
}

/** A place that something left to. Only what `hides` says must not be in it. */
interface Left {
  readonly place: string;
  readonly content: string;
  readonly hides: CanaryOwner | undefined;
}

/** The proxy as it runs, over stores in memory, with a watch on everything that leaves it. */
export class WatchedProxy {
  readonly canaries = new Canaries();
  readonly left: Left[] = [];
  /** What is under way, for whoever reads of a finding. */
  during = '';
  readonly #resources = new Map<string, WatchedResource>();
  readonly log = createLogger({
    name: 'proxy',
    level: 'trace',
    write: (line) => this.leaves('log', line),
  });

  private constructor(
    readonly destination: EchoingDestination,
    readonly parts: CallPathParts,
    readonly key: DpopKey,
    private readonly folder: string,
  ) {}

  #proxy!: ProxyService;
  #host!: HttpHost;

  static async start(destination: EchoingDestination): Promise<WatchedProxy> {
    const parts = new CallPathParts([]);
    const folder = mkdtempSync(join(tmpdir(), 'postern-watched-'));
    writeFileSync(join(folder, 'ca.pem'), destination.authority.pem);
    const key = await DpopKey.create({ clock: parts.clock });
    const watched = new WatchedProxy(destination, parts, key, folder);
    await watched.#open();
    return watched;
  }

  async #open(): Promise<void> {
    const settings = {
      clientCertificateHeader: undefined,
      trustedProxies: [],
      onProblem: this.complain,
    };
    this.#proxy = new ProxyService(Object.assign(this.parts, settings));
    this.#host = await startHttpHost({
      module: ProxyModule.register(this.#proxy),
      log: this.log,
      listen: { host: '127.0.0.1', port: 0 },
      before: this.#proxy.handle,
    });
    this.#proxy.start(this.#host.server);
    this.destination.onGiven = (given) => {
      this.canaries.add('a session or token', 'secret', given);
    };
  }

  get port(): number {
    return this.#host.address.port;
  }

  /** As the process does it. */
  readonly complain = (message: string, err: unknown): void => {
    this.log.warn({ err }, message);
    this.leaves('error', `${message} ${toldBy(err)}`);
  };

  /** An event with this detail. */
  record(detail: string): Promise<void> {
    const { events, journal } = this.parts;
    const event = aDenialEvent();
    return journal.append([
      events.create('dev.postern.exchange.denied.v1', {
        ...event,
        data: { ...event.data, detail },
      } as never),
    ]);
  }

  leaves(place: string, content: string, hides?: CanaryOwner): void {
    this.left.push({ place: `${place} ${this.during}`, content, hides });
  }

  /** The resource, registered and with a secret when it is wanted for the first time. */
  async resource(
    wanted: ResourceWanted,
    registration: Partial<ProxiedResourceRegistration> = {},
  ): Promise<WatchedResource> {
    const name = JSON.stringify(wanted);
    const known = this.#resources.get(name);
    if (known !== undefined) return known;
    const id = `r${this.#resources.size + 1}`;
    const ref = { mount: 'secret', path: `legacy/${id}` };
    const resource = { ...wanted, id, ref, secrets: [] };
    this.#resources.set(name, resource);
    this.parts.resources.set(
      id,
      aProxiedResource(
        { ...this.#registration(resource), ...registration },
        { id, scopes: { 'ledger.read': ['GET /**', 'POST /**'] } },
      ),
    );
    await this.seal(resource);
    return resource;
  }

  #registration({ kind, scrub, audit, ref }: WatchedResource) {
    const { tls, injection } = secretKind(kind);
    const { origin, tlsOrigin } = this.destination;
    return {
      destination: `${tls === undefined ? origin : tlsOrigin}/api`,
      ...(tls && {
        tls: { caFile: join(this.folder, 'ca.pem'), serverName: 'destination.test' },
      }),
      credential: { ref },
      inject: injection(origin),
      call: {
        totalTimeoutMs: 5_000,
        connectTimeoutMs: 1_000,
        headersTimeoutMs: 150,
        idleTimeoutMs: 1_000,
        requestBytesMax: 64 * 1024,
        responseBytesMax: 1024 * 1024,
        concurrencyMax: 8,
        audit,
      },
      response: { scrub },
    };
  }

  /** A new version of the secret of a resource; all versions are canaries. */
  async seal(
    resource: WatchedResource,
    change: (fields: Readonly<Record<string, string>>) => Record<string, string> = (same) => same,
  ): Promise<void> {
    const kind = secretKind(resource.kind);
    const fields = await kind.secret();
    resource.secrets = kind.confidential(fields);
    this.canaries.add(resource.kind, 'secret', ...resource.secrets);
    await this.parts.seal(change(fields), resource.ref);
  }

  /** Sends a request; all of the answer has left. With `scrub: off` the destination may tell its secrets. */
  async hear(
    path: string,
    options: { method: string; headers: Record<string, string | string[]>; body?: string },
    { scrub }: Pick<ResourceWanted, 'scrub'>,
  ): Promise<Heard> {
    const heard = await answerOf(this.port, path, options);
    const ours = heard.headers['postern-error'] !== undefined;
    this.leaves('answer', heard.text, scrub === 'off' && !ours ? 'caller' : undefined);
    return heard;
  }

  /** Ends the proxy and resolves to every canary that left. */
  async stop(): Promise<readonly Finding[]> {
    this.during = 'at the end';
    this.#leaveObjects();
    await this.#host.close(500);
    await this.#proxy.close(500);
    rmSync(this.folder, { recursive: true });
    this.#leaveRecords();
    return this.left.flatMap(({ place, content, hides }) =>
      this.canaries.in(place, content, hides),
    );
  }

  #leaveObjects(): void {
    const { resources, credentials, records, ledger, upstream, tokens, secrets } = this.parts;
    const versions = [...this.#resources.values()].map(({ ref }) => credentials.peek(ref));
    const objects = {
      resources,
      credentials,
      versions,
      records,
      ledger,
      upstream,
      tokens,
      secrets,
    };
    for (const [name, object] of Object.entries(objects)) {
      this.leaves(`object ${name}`, `${printed(object)} ${JSON.stringify(object)}`);
    }
  }

  #leaveRecords(): void {
    const { journal, ledger, records } = this.parts;
    const { completed, firstUses } = ledger;
    const events = [...journal.events, ...records.journal.events, ...completed, ...firstUses];
    for (const event of events) {
      this.leaves('event', JSON.stringify(event));
    }
    for (const row of [...ledger.started, ...records.handles.values()]) {
      this.leaves('row', JSON.stringify(row));
    }
    for (const got of this.destination.seen.splice(0)) this.leaves('destination', got, 'caller');
  }
}

function answerOf(
  port: number,
  path: string,
  {
    body,
    ...options
  }: { method: string; headers: Record<string, string | string[]>; body?: string },
): Promise<Heard> {
  return new Promise((resolve) => {
    const broken = (error: Error): void => {
      resolve({ status: 0, headers: {}, text: printed(error) });
    };
    const sent = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (answer) => {
      const chunks: Buffer[] = [];
      const end = (): void => {
        const { statusCode: status = 0, statusMessage, headers, rawHeaders, rawTrailers } = answer;
        const head = [status, statusMessage, ...rawHeaders].join('\n');
        void readableBody(Buffer.concat(chunks), headers['content-encoding']).then((body) => {
          resolve({ status, headers, text: [head, body, ...rawTrailers].join('\n') });
        });
      };
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', end).on('end', end);
    });
    sent.on('error', broken).end(body);
  });
}

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** As it came, and decoded where it is what it says. */
async function readableBody(bytes: Buffer, coding = ''): Promise<string> {
  const decoded = await DECODERS[coding]?.(bytes).catch(() => undefined);
  return bytes.toString('latin1') + (decoded?.toString('latin1') ?? '');
}
