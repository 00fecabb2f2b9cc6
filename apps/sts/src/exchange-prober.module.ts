import { readFile } from 'node:fs/promises';
import { type IssuerRegistration, type IssuerRegistry, type KeySource } from '#identity';
import { type Clock } from '#kernel';
import {
  type PosternConfig,
  type Probe,
  type ProbeAnswer,
  type ProbeTarget,
  type ProberEntry,
  type ResourceEntry,
} from '#platform';
import { forgedToken, strangersToken } from './forged-token.js';
import { type ProbedExchange, probeExchange } from './probe-exchange.js';

/** What probes need to know of `postern.yaml`. */
export interface ProbedConfig extends Pick<PosternConfig, 'publicOrigin' | 'prober'> {
  readonly resources: readonly Pick<ResourceEntry, 'id' | 'scopes'>[];
}

export interface ExchangeProbesParts {
  readonly config: ProbedConfig;
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly clock: Clock;
  readonly target: ProbeTarget;
}

type Asked = Pick<ProbedExchange, 'audience' | 'scope'>;

/** Refusals of the token itself; and those that come only after it was believed. */
const TOKEN_REFUSED = ['invalid_request'];
const NOT_PERMITTED = ['invalid_target', 'invalid_scope'];
const BELIEVED = [...NOT_PERMITTED, 'invalid_dpop_proof', 'invalid_authorization_details'];

/**
 * Exchanges that must be refused: of a token that somebody else signed in the name of each issuer, of a token of an
 * issuer that is not registered, and, where the configuration gives the prober an identity, of its own good token for
 * what no grant permits.
 */
export function exchangeProbes(parts: ExchangeProbesParts): readonly Probe[] {
  const { config } = parts;
  const asked = anyScope(config);
  const own = config.prober.kind === 'on' ? config.prober.own : undefined;
  return [
    forgedTokenProbe(parts, asked),
    strangerProbe(parts, asked),
    ...(own === undefined ? [] : [ownProbe(parts, own)]),
  ];
}

/** By a published key id, and not by the key of that id. */
function forgedTokenProbe({ config, issuers, keys, ...parts }: ExchangeProbesParts, asked: Asked) {
  const signing = issuers.all().filter(isSigning);
  const byId = new Map(signing.map((issuer) => [issuer.id, issuer]));
  return {
    door: 'exchange',
    name: 'exchange-of-forged-token',
    items: [...byId.keys()],
    ask: async (id, signal): Promise<ProbeAnswer> => {
      const issuer = byId.get(id);
      const token =
        issuer &&
        (await forgedToken(issuer, await keys.current(issuer), {
          clock: parts.clock,
          audience: config.publicOrigin,
        }));
      if (token === undefined) {
        return { outcome: 'unreachable', reason: 'the issuer publishes no key for its tokens' };
      }
      const tried = `a subject token in the name of issuer ${id} that it did not sign`;
      return probeExchange(parts.target, { ...believable(asked, token), tried }, signal);
    },
  } satisfies Probe;
}

function strangerProbe({ config, clock, target }: ExchangeProbesParts, asked: Asked) {
  return {
    door: 'exchange',
    name: 'exchange-of-unregistered-issuer',
    items: ['unregistered'],
    ask: async (_item, signal) => {
      const token = await strangersToken({ clock, audience: config.publicOrigin });
      const tried = 'a subject token of an issuer that is not registered';
      return probeExchange(target, { ...believable(asked, token), tried }, signal);
    },
  } satisfies Probe;
}

function ownProbe(
  { target }: ExchangeProbesParts,
  own: NonNullable<Extract<ProberEntry, { kind: 'on' }>['own']>,
) {
  const { subjectTokenFile, audience, scope } = own;
  return {
    door: 'exchange',
    name: 'exchange-without-grant',
    items: [audience],
    ask: async (_item, signal) => {
      const exchange = {
        ...{ audience, scope, refusals: NOT_PERMITTED, beliefs: [] },
        subjectToken: await ownToken(subjectTokenFile, signal),
        tried: `resource ${audience} for the prober, which no grant is for`,
      };
      return probeExchange(target, exchange, signal);
    },
  } satisfies Probe;
}

const believable = (asked: Asked, subjectToken: string): Omit<ProbedExchange, 'tried'> => ({
  ...asked,
  subjectToken,
  refusals: TOKEN_REFUSED,
  beliefs: BELIEVED,
});

const isSigning = (issuer: { readonly kind: string }): issuer is IssuerRegistration =>
  issuer.kind !== 'introspection';

/** Read each time: whoever issues it renews it in its place. */
async function ownToken(file: string, signal: AbortSignal): Promise<string> {
  try {
    return (await readFile(file, { encoding: 'utf8', signal })).trim();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new Error(`prober.subjectTokenFile cannot be read (${reason})`, { cause: error });
  }
}

/** What is asked for exists: then a refusal says something of the token. */
function anyScope({ resources: [first] }: ProbedConfig): Asked {
  return { audience: first?.id ?? '', scope: Object.keys(first?.scopes ?? {})[0] ?? '' };
}
