import { canonicalJson } from '#kernel';
import { type Grant, type GrantSet, type SubjectMatch } from './grant.js';
import { type BindingRequirement } from './resource.js';

/** One thing that two sets do not permit alike. */
export interface GrantDifference {
  /** `more`: the later set permits it and the earlier does not; `less`: the reverse; `other`: neither can be said. */
  readonly effect: 'more' | 'less' | 'other';
  readonly grantId: string;
  /** A line for reviewers. */
  readonly what: string;
}

/** What one grant says of one scope: whoever may have it, and within which limits. */
interface Authority {
  readonly grant: Grant;
  readonly scope: string;
  readonly who: string;
}

/**
 * What becomes permitted, and what no longer is, from one set to another. It is told by authority (who, by what is
 * presented, one scope of one resource) and not by file: a scope that moves from one grant to another is no difference.
 * Subjects are compared as they are written; one that is written wider is new.
 */
export function diffGrantSets(before: GrantSet, after: GrantSet): readonly GrantDifference[] {
  const [earlier, later] = [authorities(before), authorities(after)];
  const gone = [...earlier].filter(([key]) => !later.has(key));
  const added = [...later].filter(([key]) => !earlier.has(key));
  const kept = [...later].flatMap(([key, authority]) => {
    const known = earlier.get(key);
    return known === undefined ? [] : limitsChanged(known, authority);
  });
  return [
    ...added.map(([, authority]) => told('more', authority, '')),
    ...kept,
    ...gone.map(([, authority]) => told('less', authority, '')),
  ];
}

const authorities = ({ grants }: GrantSet): ReadonlyMap<string, Authority> =>
  new Map(
    grants.flatMap((grant) =>
      grant.scopes.map((scope) => [keyOf(grant, scope), { grant, scope, who: whoOf(grant) }]),
    ),
  );

const keyOf = (grant: Grant, scope: string): string =>
  canonicalJson([
    grant.resource,
    scope,
    grant.pattern,
    plainSubject(grant.subject),
    grant.actor === undefined ? null : plainSubject(grant.actor),
  ]);

const plainSubject = ({ issuer, id, claims }: SubjectMatch) => ({
  issuer,
  id,
  claims: [...claims].sort(([one], [other]) => (one < other ? -1 : 1)),
});

function whoOf({ subject, actor, pattern }: Grant): string {
  const by = actor === undefined ? '' : `, acted for by ${nameOf(actor)}`;
  return `${nameOf(subject)}${by} (${pattern})`;
}

function nameOf({ issuer, id, claims }: SubjectMatch): string {
  const names = [...claims].map(([name, values]) => `${name} in ${JSON.stringify(values)}`);
  return `${[writtenId(id), ...names].join(', ')} of ${issuer}`;
}

function writtenId(id: SubjectMatch['id']): string {
  switch (id.kind) {
    case 'exact':
      return id.subject;
    case 'segments':
      return id.segments.join('/');
    case 'any':
      return 'anybody';
  }
}

const told = (
  effect: GrantDifference['effect'],
  { grant, scope, who }: Authority,
  limit: string,
): GrantDifference => ({
  effect,
  grantId: grant.id,
  what: `${scope} of ${grant.resource} for ${who}${limit}`,
});

/** Weakest first; `any` takes either key. */
const BINDINGS: readonly BindingRequirement[] = ['none', 'any', 'dpop', 'mtls'];

function limitsChanged({ grant: old }: Authority, authority: Authority): GrantDifference[] {
  const { grant, scope } = authority;
  const differ = (effect: GrantDifference['effect'], name: string, from: unknown, to: unknown) =>
    told(effect, authority, `: ${name} ${String(from)} -> ${String(to)}`);
  const more = (name: string, from: number, to: number): GrantDifference[] =>
    from === to ? [] : [differ(to > from ? 'more' : 'less', name, from, to)];
  const other = (name: string, from: unknown, to: unknown): GrantDifference[] =>
    from === to ? [] : [differ('other', name, from, to)];
  const isDefault = ({ defaultScopes = [] }: Grant): boolean => defaultScopes.includes(scope);
  return [
    ...more('maxTtl in seconds', old.maxTtlSeconds, grant.maxTtlSeconds),
    ...more('maxCalls', old.maxCalls ?? Infinity, grant.maxCalls ?? Infinity),
    ...more('maxChainDepth', old.maxChainDepth, grant.maxChainDepth),
    ...more('the day of review', dayOf(old), dayOf(grant)),
    ...bindingChanged(old, grant, differ),
    ...(old.clientAuth === grant.clientAuth
      ? []
      : [
          differ(
            grant.clientAuth === 'self' ? 'more' : 'less',
            'clientAuth',
            old.clientAuth,
            grant.clientAuth,
          ),
        ]),
    ...conditionChanged(old, grant, differ),
    ...other('given by default', isDefault(old), isDefault(grant)),
  ];
}

type Differ = (
  effect: GrantDifference['effect'],
  name: string,
  from: unknown,
  to: unknown,
) => GrantDifference;

/** As a number that reads as a date. */
const dayOf = ({ reviewBy }: Grant): number =>
  Number(new Date(reviewBy.getTime() - 1).toISOString().slice(0, 10).replaceAll('-', ''));

function bindingChanged(old: Grant, grant: Grant, differ: Differ): GrantDifference[] {
  if (old.binding === grant.binding) return [];
  const pair = [old.binding, grant.binding];
  const apart = pair.includes('dpop') && pair.includes('mtls');
  const weaker = BINDINGS.indexOf(grant.binding) < BINDINGS.indexOf(old.binding);
  const effect = apart ? 'other' : weaker ? 'more' : 'less';
  return [differ(effect, 'binding', old.binding, grant.binding)];
}

/** Whether one condition is wider than another nobody can tell; only that none is wider than one. */
function conditionChanged(old: Grant, grant: Grant, differ: Differ): GrantDifference[] {
  const [from, to] = [old.when?.source, grant.when?.source];
  if (from === to) return [];
  const effect = to === undefined ? 'more' : from === undefined ? 'less' : 'other';
  return [differ(effect, 'when', from ?? '(none)', to ?? '(none)')];
}
