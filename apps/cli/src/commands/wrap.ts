import { type Command } from 'commander';
import { SystemClock } from '#kernel';
import { loadConfig, loadSettings } from '#platform/start';
import {
  type WrapExpectation,
  type WrapLookup,
  wrapPlace,
  type WrapVerdict,
  wrapVerdict,
} from '#rotation';
import { shown } from '../shown.js';
import { UsageError } from '../usage-error.js';
import { type HandedToken, readWrappingToken, refuseTokenAsArgument } from '../wrapping-token.js';

const AFTER_HELP = `
The wrapping token comes on standard input alone, bare or as the JSON that vault prints. Vault is asked at VAULT_ADDR (with
VAULT_CACERT and VAULT_NAMESPACE); the look-up needs no login and does not use the token up. With a resource it is judged by its
rotation.wrapped in POSTERN_CONFIG, as a rotator would. It ends with 0 when the token is good, else with 1.
`;

/** `postern wrap verify [resource]`: whether a wrapping token is what it is said to be. */
export function addWrap(program: Command): void {
  program
    .command('wrap')
    .description('wrapping tokens of Vault')
    .command('verify [resource] [more...]')
    .description('look a wrapping token up, without using it up')
    .addHelpText('after', AFTER_HELP)
    .action(verify);
}

async function verify(resource: string | undefined, more: readonly string[]): Promise<void> {
  refuseTokenAsArgument([resource, ...more]);
  if (more.length > 0) throw new UsageError('expected one resource at most');
  const expected = resource === undefined ? undefined : expectationOf(resource);
  const handed = await readWrappingToken();
  const { assertWrappingToken } = await import('#adapters/intake'); // Not small.
  assertWrappingToken(handed.wrappingToken); // What is none is not for Vault to see.
  const lookup = await lookUp(handed);
  for (const line of lines(lookup)) console.log(line);
  const verdict = verdictOf(lookup, handed, expected);
  if (verdict === 'genuine') {
    console.log(expected === undefined ? UNJUDGED : 'genuine: it has not been used');
    return;
  }
  console.log(`${verdict}: ${MEANINGS[verdict]}`);
  process.exitCode = 1;
}

const UNJUDGED = 'it has not been used; name a resource to have it judged by its terms';

/** @throws ConfigError, UsageError */
function expectationOf(resource: string): WrapExpectation {
  const { resources } = loadConfig(loadSettings(process.env).configFile);
  const wrapped = resources.find(({ id }) => id === resource)?.rotation?.wrapped;
  if (wrapped !== undefined) return wrapped;
  throw new UsageError(
    `${shown(resource)}: postern.yaml has no such resource, or no rotation.wrapped in it`,
  );
}

async function lookUp({ wrappingToken }: HandedToken): Promise<WrapLookup | undefined> {
  const { VAULT_ADDR: address, VAULT_CACERT: caFile, VAULT_NAMESPACE: namespace } = process.env;
  if (address === undefined || address === '') {
    throw new UsageError('VAULT_ADDR is not set: name the Vault that made the wrapping token');
  }
  const { VaultWrappingTokens } = await import('#adapters/vault'); // Not small.
  const tokens = new VaultWrappingTokens({
    settings: {
      address,
      ...(caFile === undefined ? {} : { caFile }),
      ...(namespace === undefined ? {} : { namespace }),
      auth: { kind: 'token', token: wrappingToken }, // The only client token that there is.
    },
  });
  try {
    return await tokens.lookUp(wrappingToken);
  } finally {
    await tokens.close();
  }
}

function lines(lookup: WrapLookup | undefined): readonly string[] {
  if (lookup === undefined) return [];
  const { createdAt, ttlSeconds } = lookup;
  const endsAt = new Date(createdAt.getTime() + ttlSeconds * 1000);
  return [
    `creation path  ${wrapPlace(lookup)}`,
    `created at     ${createdAt.toISOString()}`,
    `good until     ${endsAt.toISOString()}`,
  ].map(shown);
}

/** What a rotator would say of it, where it has not seen it before. */
function verdictOf(
  lookup: WrapLookup | undefined,
  { told }: HandedToken,
  expected: WrapExpectation | undefined,
): Verdict {
  const now = new SystemClock().now();
  const anything: WrapExpectation = {
    creationPath: lookup?.creationPath ?? '',
    ...(lookup?.namespace === undefined ? {} : { namespace: lookup.namespace }),
    ttlSecondsMax: Number.POSITIVE_INFINITY,
    ageSecondsMax: Number.POSITIVE_INFINITY,
  };
  return wrapVerdict({
    lookup,
    told:
      told === undefined
        ? undefined
        : { createdAt: new Date(told.created_at), ttlSeconds: told.ttl_seconds },
    expected: expected ?? anything,
    isFirst: true,
    requestedAt: now,
    now,
  }).verdict;
}

type Verdict = WrapVerdict['verdict'];

const MEANINGS: Readonly<Record<Exclude<Verdict, 'genuine'>, string>> = {
  rewrapped: 'somebody opened it and wrapped what was in it, or another value, again',
  wrong_path: 'it comes from another path, or namespace, than rotation.wrapped says',
  too_old: 'it is older than rotation.wrapped.maxAge',
  ttl_too_long: 'it lives longer than rotation.wrapped.maxTtl',
  seen_before: 'it was handed over before',
  already_unwrapped: 'Vault does not know it: somebody used it up, or its time is over',
  expired: 'its time is over',
  response_lost: 'it was used up, and its answer was lost',
};
