import { type SecretRef } from '#credentials';
import { parseUrl } from '#kernel';
import { type PolicyProblem, type Resource, ResourceInvalid } from '#policy';
import { checkInjection } from './check-injection.js';
import { type Injection } from './injection.js';
import { type CallLimits, type Destination, type ProxiedResource } from './proxied-resource.js';
import { HELD_BYTES_MAX } from './relay/response-plan.js';

/** A resource as registered, as far as calls are concerned. */
export interface ProxiedResourceRegistration {
  readonly destination: string;
  readonly tls:
    | { readonly caFile?: string; readonly serverName?: string; readonly http2?: boolean }
    | undefined;
  readonly network: { readonly allowPrivate: boolean };
  readonly credential: { readonly ref: SecretRef };
  readonly inject: Injection;
  readonly call: CallLimits & { readonly audit: 'strict' | 'buffered' };
  readonly response: { readonly scrub: 'stream' | 'buffer' | 'off' };
  /** Undefined: Postern does not rotate its credential. */
  readonly rotation?: { readonly refusals: readonly number[] };
}

export interface ProxiedResourceContext {
  /** What policy made of the same registration. */
  readonly resource: Resource;
  /** Without a trailing slash; no destination may be Postern itself. */
  readonly publicOrigin: string;
  /** Reads a file of certificates; needed when a registration names one. */
  readonly readFile?: (path: string) => string;
}

/** A path that needs no decision: what canonical requests are made of, without escapes. */
const BASE_PATH = /^(?:\/[A-Za-z0-9\-._~!$&'()+,=:@]+)*$/;

/** Most that the answers of one resource may hold in memory at once with `scrub: buffer`. */
const HELD_BYTES_OF_RESOURCE_MAX = 256 * 1024 * 1024;

type Report = (path: string, what: string) => void;

/**
 * Compiles what the proxy needs to know of a resource. Every problem is reported, not only the first.
 * @throws ResourceInvalid
 */
export function compileProxiedResource(
  entry: ProxiedResourceRegistration,
  context: ProxiedResourceContext,
): ProxiedResource {
  const problems: PolicyProblem[] = [];
  const report: Report = (path, what) =>
    problems.push({ where: `resource ${JSON.stringify(context.resource.id)}`, path, what });
  const destination = compileDestination(entry.destination, context.publicOrigin, report);
  checkUpgrades(entry, context, report);
  checkInjection(entry.inject, report);
  checkTransport(entry, report);
  const tls = compileTls(entry, context, report);
  if (problems.length > 0 || destination === undefined) throw new ResourceInvalid(problems);
  const { audit, ...limits } = entry.call;
  return {
    ...context.resource,
    destination,
    network: { allowPrivate: entry.network.allowPrivate },
    tls,
    secretRef: { mount: entry.credential.ref.mount, path: entry.credential.ref.path },
    injection: entry.inject,
    limits: { ...limits, concurrencyMax: concurrencyMaxOf(entry) },
    audit,
    scrub: entry.response.scrub,
    ...(entry.rotation === undefined ? {} : { rotation: { refusals: entry.rotation.refusals } }),
  };
}

/** Each call with `scrub: buffer` may hold a whole answer: there are no more of them than fit into memory. */
function concurrencyMaxOf({ call, response }: ProxiedResourceRegistration): number {
  if (response.scrub !== 'buffer') return call.concurrencyMax;
  const heldBytesMax = Math.max(1, Math.min(call.responseBytesMax, HELD_BYTES_MAX));
  const answersMax = Math.max(1, Math.floor(HELD_BYTES_OF_RESOURCE_MAX / heldBytesMax));
  return Math.min(call.concurrencyMax, answersMax);
}

/** A session is never whole before it ends, so it cannot be held until then; and it begins on HTTP/1.1. */
function checkUpgrades(
  { response, tls }: ProxiedResourceRegistration,
  { resource }: ProxiedResourceContext,
  report: Report,
): void {
  const operations = [...resource.scopes.values()].flat();
  if (operations.every(({ method }) => method !== 'UPGRADE')) return;
  if (response.scrub === 'buffer') {
    report(
      'response.scrub',
      'buffer holds whole responses: with UPGRADE operations use stream or off',
    );
  }
  if (tls?.http2 === true) {
    report('tls.http2', 'UPGRADE operations need HTTP/1.1: give them a resource of their own');
  }
}

function compileDestination(
  text: string,
  publicOrigin: string,
  report: Report,
): Destination | undefined {
  const url = parseUrl(text);
  const scheme = url?.protocol.slice(0, -1);
  if (url === undefined || (scheme !== 'http' && scheme !== 'https')) {
    report('destination', 'expected an absolute http or https URL');
    return undefined;
  }
  const basePath = url.pathname.replace(/\/$/, '');
  checkDestination(text, url, report);
  checkBasePath(text, basePath, report);
  if (url.origin === publicOrigin) report('destination', 'is Postern itself');
  const defaultPort = scheme === 'http' ? 80 : 443;
  const port = url.port === '' ? defaultPort : Number(url.port);
  return { scheme, hostname: url.hostname, port, origin: url.origin, basePath };
}

function checkDestination(text: string, url: URL, report: Report): void {
  if (url.username !== '' || url.password !== '' || /[?#@\\]/.test(text)) {
    report('destination', 'expected no userinfo, query or fragment');
  }
  if (url.hostname.endsWith('.')) report('destination', 'the host name ends with a dot');
}

/** What is written is what is sent: URL parsers resolve dot segments in silence. */
function checkBasePath(text: string, basePath: string, report: Report): void {
  const written = text.slice(text.indexOf('://') + 3).replace(/^[^/]*/, '');
  if (BASE_PATH.test(basePath) && written.replace(/\/$/, '') === basePath) return;
  report('destination', 'the path is not canonical: no dot segments, escapes or empty segments');
}

function checkTransport(
  { inject, destination }: ProxiedResourceRegistration,
  report: Report,
): void {
  if (inject.kind === 'client-certificate' && !/^https:/i.test(destination)) {
    report('inject.as', 'client-certificate is for https destinations only');
  }
}

function compileTls(
  { tls, destination }: ProxiedResourceRegistration,
  { readFile }: ProxiedResourceContext,
  report: Report,
): ProxiedResource['tls'] {
  if (tls === undefined) return undefined;
  if (!/^https:/i.test(destination)) report('tls', 'is for https destinations only');
  const { serverName, http2 } = tls;
  const settings = {
    ...(serverName === undefined ? {} : { serverName }),
    ...(http2 === undefined ? {} : { http2 }),
  };
  if (tls.caFile === undefined) return settings;
  if (readFile === undefined) {
    report('tls.caFile', 'cannot be read here');
    return settings;
  }
  try {
    const caPem = readFile(tls.caFile);
    if (!caPem.includes('-----BEGIN CERTIFICATE-----')) {
      report('tls.caFile', `${tls.caFile} holds no certificate in PEM form`);
    }
    return { ...settings, caPem };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    report('tls.caFile', `${tls.caFile} cannot be read (${reason})`);
    return settings;
  }
}
