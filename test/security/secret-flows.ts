import { mintHandle } from '#handles';
import { athOf, TEST_ORIGIN } from '#testing';
import { MANNERS, type MannerName, type OpeningName, OPENINGS } from './echoing-destination.js';
import { call, type Calling, type Flow, PLAIN, wantedBy } from './secret-call.js';
import { secretKind, type SecretKindName } from './secret-kinds.js';
import { type Heard, type WatchedProxy } from './watched-proxy.js';

type Outcome = (proxy: WatchedProxy, flow: Flow) => Promise<Heard>;

const SILENCE_MS = 100;
const BIG: Calling = { method: 'POST', body: 'x'.repeat(65 * 1024) };
/** Versions of secrets are looked for again. */
const REFRESH_SECONDS = 61;
let uniques = 0;

/** A variant that no other flow has. */
const onlyOnce = (): string => `only-once-${(uniques += 1)}`;

const answered =
  (manner: MannerName): Outcome =>
  async (proxy, flow) => {
    proxy.destination.manner = manner;
    return call(proxy, flow).finally(() => (proxy.destination.manner = 'fine'));
  };

/** Of kinds that open a session; others do not ask. */
const opened =
  (opening: OpeningName): Outcome =>
  async (proxy, flow) => {
    proxy.destination.opening = opening;
    const resource = await proxy.resource(wantedBy(flow, onlyOnce()));
    return call(proxy, flow, {}, resource).finally(() => (proxy.destination.opening = 'fine'));
  };

const calling =
  (calling: Calling): Outcome =>
  (proxy, flow) =>
    call(proxy, flow, calling);

/** With a dependency that is away, and a resource whose secret is not in memory. */
const without =
  (set: (proxy: WatchedProxy, away: boolean) => void): Outcome =>
  async (proxy, flow) => {
    const resource = await proxy.resource(wantedBy(flow, onlyOnce()));
    return call(
      proxy,
      flow,
      {
        authorization: (handle) => {
          set(proxy, true);
          return { authorization: `Bearer ${handle}` };
        },
      },
      resource,
    ).finally(() => {
      set(proxy, false);
    });
  };

const sealedAs =
  (change: (fields: Readonly<Record<string, string>>) => Record<string, string>): Outcome =>
  async (proxy, flow) => {
    const resource = await proxy.resource(wantedBy(flow, onlyOnce()));
    await proxy.seal(resource, change);
    return call(proxy, flow, {}, resource);
  };

const each =
  (change: (value: string) => string) =>
  (fields: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value)]));

/** A resource of another registration, and a destination that echoes. */
const registered =
  (registration: Parameters<WatchedProxy['resource']>[1], calling: Calling = {}): Outcome =>
  async (proxy, flow) => {
    proxy.destination.manner = 'echo in the body';
    const resource = await proxy.resource(wantedBy(flow, onlyOnce()), registration);
    return call(proxy, flow, calling, resource).finally(() => (proxy.destination.manner = 'fine'));
  };

const limited = (limits: Readonly<Record<string, number>>) => ({
  totalTimeoutMs: 5_000,
  connectTimeoutMs: 1_000,
  headersTimeoutMs: 1_000,
  idleTimeoutMs: 1_000,
  requestBytesMax: 64 * 1024,
  responseBytesMax: 1024 * 1024,
  concurrencyMax: 8,
  audit: 'strict' as const,
  ...limits,
});

const proven =
  (claims: Readonly<Record<string, unknown>>): Outcome =>
  (proxy, flow) =>
    call(proxy, flow, {
      handle: { binding: { kind: 'dpop', jkt: proxy.key.jkt } },
      authorization: (handle, resource) => {
        const { method } = secretKind(flow.kind).call ?? PLAIN;
        const htu = `${TEST_ORIGIN}/proxy/${resource}/accounts/42`;
        const proof = proxy.key.proof({ htm: method, htu, ath: athOf(handle), ...claims });
        proxy.canaries.add('a proof', 'caller', proof, proof.split('.')[2] ?? '');
        return { authorization: `DPoP ${handle}`, dpop: proof };
      },
    });

/** Every end that a call can come to. */
export const OUTCOMES: Readonly<Record<string, Outcome>> = {
  ...Object.fromEntries(
    (Object.keys(MANNERS) as MannerName[]).map((name) => [name, answered(name)]),
  ),
  ...Object.fromEntries(
    (Object.keys(OPENINGS) as OpeningName[]).map((name) => [`opening: ${name}`, opened(name)]),
  ),
  'a new version of the secret': async (proxy, flow) => {
    const resource = await proxy.resource(wantedBy(flow));
    await proxy.seal(resource);
    proxy.parts.clock.advance(REFRESH_SECONDS);
    await call(proxy, flow);
    return answered('echo in the body')(proxy, flow);
  },
  silence: async (proxy, flow) => {
    const resource = await proxy.resource(wantedBy(flow, onlyOnce()), {
      call: limited({ totalTimeoutMs: SILENCE_MS }),
    });
    proxy.destination.manner = 'silence';
    return call(proxy, flow, {}, resource).finally(() => (proxy.destination.manner = 'fine'));
  },
  'destination unreachable': async (proxy, flow) => {
    const { tls } = secretKind(flow.kind);
    const destination = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:9/api`;
    return registered({ destination })(proxy, flow);
  },
  'response too large': registered({ call: limited({ responseBytesMax: 16 }) }),
  'request too large': registered({ call: limited({ requestBytesMax: 4 }) }, BIG),
  'request that grows too large': registered(
    { call: limited({ requestBytesMax: 4 }) },
    { ...BIG, streamed: true },
  ),
  'expired handle': calling({ handle: { expiresAt: new Date(0) } }),
  'revoked handle': calling({ handle: { status: 'revoked' } }),
  'handle without calls': calling({ handle: { maxCalls: 0 } }),
  'foreign handle': calling({ handle: { resource: 'another' } }),
  'handle of another environment': calling({ handle: { environment: 'prod' } }),
  'handle that nobody issued': (proxy, flow) =>
    call(proxy, flow, {
      authorization: () => {
        const { plaintext } = mintHandle(proxy.parts.environment);
        proxy.canaries.add('an unknown handle', 'caller', plaintext);
        return { authorization: `Bearer ${plaintext}` };
      },
    }),
  'malformed handle': calling({
    authorization: (handle) => ({ authorization: `Bearer ${handle}x` }),
  }),
  'handle in another scheme': calling({
    authorization: (handle) => ({ authorization: `Token ${handle}` }),
  }),
  'handle as a Basic password': calling({
    authorization: (handle) => ({
      authorization: `Basic ${Buffer.from(`u:${handle}`).toString('base64')}`,
    }),
  }),
  'handle twice': calling({
    authorization: (handle) => ({ authorization: [`Bearer ${handle}`, `Bearer ${handle}`] }),
  }),
  'handle in the target as well': (proxy, flow) =>
    call(proxy, flow, { method: 'DELETE', placed: (handle) => `/proxy/r1/${handle}?a=${handle}` }),
  'handle in other headers as well': calling({
    method: 'DELETE',
    authorization: (handle) => ({
      authorization: `Bearer ${handle}`,
      'postern-correlation-id': handle,
      'x-request-id': handle,
      'user-agent': `agent ${handle}`,
    }),
  }),
  'handle in the place of the resource': (proxy, flow) =>
    call(proxy, flow, { placed: (handle) => `/proxy/${handle}/x` }),
  'no handle': calling({ authorization: () => ({}) }),
  'out of scope': calling({ method: 'DELETE' }),
  'ambiguous path': calling({ path: '/accounts//%2e%2e/42' }),
  'good proof': proven({}),
  'bad proof': proven({ htm: 'PUT' }),
  'Vault away': without(({ parts }, away) => {
    parts.secrets.failWith(away ? 'unreachable' : undefined);
  }),
  'Vault refuses': without(({ parts }, away) => {
    parts.secrets.failWith(away ? 'denied' : undefined);
  }),
  'journal away when a call is refused': async (proxy, flow) => {
    proxy.parts.journal.setReachable(false);
    return call(proxy, flow, { method: 'DELETE' }).finally(() => {
      proxy.parts.journal.setReachable(true);
    });
  },
  'ledger away': without(({ parts }, away) => {
    parts.ledger.goAway(away);
  }),
  'handles away': without(({ parts }, away) => {
    parts.records.setReachable(!away);
  }),
  'field missing': sealedAs((fields) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [`x${name}`, value])),
  ),
  'fields cut short': sealedAs(each((value) => value.slice(0, -3))),
  'fields with a line end': sealedAs(each((value) => `${value}\r\nX: y`)),
  'fields that are no header': sealedAs(each((value) => `${value}\u20ac`)),
  'fields that are too short': sealedAs(each((value) => value.slice(-3))),
  'fields that are too long': sealedAs(each((value) => value.repeat(200))),
};

export const OUTCOME_NAMES = Object.keys(OUTCOMES);

export function run(proxy: WatchedProxy, flow: Flow): Promise<Heard> {
  const outcome = OUTCOMES[flow.outcome];
  if (outcome === undefined) throw new Error(`no outcome ${flow.outcome}`);
  proxy.during = JSON.stringify(flow);
  return outcome(proxy, flow);
}

/** Whether it makes a difference for a kind: only some open a session. */
export const isApart = (kind: SecretKindName, outcome: string): boolean =>
  !outcome.startsWith('opening: ') || /^(?:oauth2|form-login)/.test(kind);
