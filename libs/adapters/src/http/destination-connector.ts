import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions } from 'node:tls';
import { type ProxiedResource, type TlsIdentity } from '#injection';
import { buildConnector } from 'undici';
import { AddressRefused, guardedLookup, permitsAddress } from './address-guard.js';

/** The connection would go elsewhere than the registration says. */
export class OriginMismatch extends Error {
  readonly code = 'ERR_ORIGIN_MISMATCH';
}

const TLS_SESSIONS_MAX = 100;

/**
 * Opens connections to one resource's destination and nowhere else: the origin is asserted, names are resolved once to
 * addresses that may be contacted, literals are judged, and so is the peer that answered. Certificates are always
 * verified, against the name that is registered. Each connector has TLS sessions of its own: one that was begun with an
 * identity is never resumed with another.
 */
export function destinationConnector(
  resource: ProxiedResource,
  tlsIdentity?: TlsIdentity,
): buildConnector.connector {
  const { tls, limits } = resource;
  const connect = buildConnector({
    ...guardedOptions(resource, tlsIdentity),
    timeout: limits.connectTimeoutMs,
    maxCachedSessions: TLS_SESSIONS_MAX,
    allowH2: false,
  });
  return (options, callback) => {
    const problem = refusal(resource, options);
    if (problem !== undefined) {
      callback(problem, null);
      return;
    }
    const servername = tls?.serverName ?? options.servername;
    connect({ ...options, ...(servername === undefined ? {} : { servername }) }, (...outcome) => {
      callback(...judged(resource, outcome));
    });
  };
}

type GuardedOptions = Pick<
  ConnectionOptions,
  'rejectUnauthorized' | 'minVersion' | 'lookup' | 'ca' | 'cert' | 'key'
> &
  Pick<TcpNetConnectOpts, 'autoSelectFamily'>;

/** What holds for every connection to a destination, whatever is spoken on it: which peers, and proven how. */
export const guardedOptions = (
  { network, tls }: Pick<ProxiedResource, 'network' | 'tls'>,
  tlsIdentity: TlsIdentity | undefined,
): GuardedOptions => ({
  rejectUnauthorized: true, // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
  minVersion: 'TLSv1.2',
  lookup: guardedLookup(network.allowPrivate),
  autoSelectFamily: true,
  ...(tls?.caPem === undefined ? {} : { ca: tls.caPem }),
  ...(tlsIdentity === undefined ? {} : { cert: tlsIdentity.certificate, key: tlsIdentity.key }),
});

type Outcome = Parameters<buildConnector.Callback>;

function judged(resource: ProxiedResource, outcome: Outcome): Outcome {
  const [error, socket] = outcome;
  if (error !== null) return outcome;
  const refused = peerRefusal(resource, socket);
  if (refused === undefined) return outcome;
  socket.destroy();
  return [refused, null];
}

/** Who really answered, whatever the name resolved to. */
export function peerRefusal(
  { destination, network }: ProxiedResource,
  { remoteAddress: peer = '' }: Pick<Socket, 'remoteAddress'>,
): AddressRefused | undefined {
  return permitsAddress(peer, network.allowPrivate)
    ? undefined
    : new AddressRefused(`${destination.hostname} answered from ${peer}`);
}

function refusal(
  resource: ProxiedResource,
  { protocol, hostname, port }: buildConnector.Options,
): Error | undefined {
  const { destination } = resource;
  const asked = `${protocol}//${hostname}:${port === '' ? defaultPort(protocol) : port}`;
  const registered = `${destination.scheme}://${destination.hostname}:${destination.port}`;
  if (asked !== registered) {
    return new OriginMismatch(`${asked} is not the registered ${registered}`);
  }
  return literalRefusal(resource, hostname);
}

/** A host that is an address is judged before anything is sent to it; a name is where it is resolved. */
export function literalRefusal(
  { network }: Pick<ProxiedResource, 'network'>,
  hostname: string,
): AddressRefused | undefined {
  const literal = withoutBrackets(hostname);
  return isIP(literal) === 0 || permitsAddress(literal, network.allowPrivate)
    ? undefined
    : new AddressRefused(`${literal} must not be contacted`);
}

/** An IPv6 address as it stands outside of URLs; anything else as it is. */
export const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

const defaultPort = (protocol: string): string => (protocol === 'https:' ? '443' : '80');
