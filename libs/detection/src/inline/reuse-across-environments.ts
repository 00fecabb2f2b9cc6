import { DETECTION_EVIDENCE_MAX } from '#events';
import { type Candidate, type PlannedResponse } from '../candidate.js';
import { type SeenExchange, type SeenReplay } from '../evidence-log.js';
import { type DetectionSettings, thresholdOf } from '../rule-settings.js';
import { areOneGroup, isHigher } from './environments.js';
import { hourOf, type InlineRule, isOwn } from './inline-rule.js';

/**
 * D02. One subject token in two environments. Deployments with a memory of tokens each permit it both times, and each
 * finds the other's exchange; deployments that share the memory deny the second time, and both find that. Each of them
 * answers for what it issued itself.
 */
export const reuseAcrossEnvironments: InlineRule = ({ exchanges, replays }, settings) => [
  ...exchanges.flatMap((own) => exchangedElsewhere(own, exchanges, settings)),
  ...replays
    .filter(({ reason }) => reason === 'cross_env_replay')
    .flatMap((denied) => [
      ...deniedHere(denied, exchanges, settings),
      ...deniedElsewhere(denied, exchanges, settings),
    ]),
];

function exchangedElsewhere(
  own: SeenExchange,
  exchanges: readonly SeenExchange[],
  settings: DetectionSettings,
): readonly Candidate[] {
  // A handle is exchanged on where it was issued: what descends from it says nothing new.
  if (!isOwn(own, settings) || own.parentHandleId !== undefined) return [];
  const others = exchanges.filter(
    (other) =>
      other.familyId === own.familyId &&
      other.subjectId === own.subjectId &&
      !areOneGroup(own.environment, other.environment, settings),
  );
  if (others.length === 0) return [];
  const isShared = exchanges.some(
    ({ familyId, subjectId }) => familyId === own.familyId && subjectId !== own.subjectId,
  );
  return [containing(own, others, { settings, isShared })];
}

/** The token was exchanged here first, and denied in another environment. */
function deniedElsewhere(
  denied: SeenReplay,
  exchanges: readonly SeenExchange[],
  settings: DetectionSettings,
): readonly Candidate[] {
  return exchanges
    .filter(
      (own) =>
        isOwn(own, settings) &&
        own.exchangeId === denied.priorExchangeId &&
        own.subjectId === denied.subjectId &&
        !areOneGroup(own.environment, denied.environment, settings),
    )
    .map((own) => containing(own, [denied], { settings, isShared: false }));
}

/** Nothing was issued here: there is nothing to take away. */
function deniedHere(
  denied: SeenReplay,
  exchanges: readonly SeenExchange[],
  settings: DetectionSettings,
): readonly Candidate[] {
  if (!isOwn(denied, settings)) return [];
  const first = exchanges.find(({ exchangeId }) => exchangeId === denied.priorExchangeId);
  if (first !== undefined && areOneGroup(first.environment, denied.environment, settings))
    return [];
  return [
    {
      rule: 'D02',
      entity: { type: 'subject', id: denied.subjectId },
      subjectId: denied.subjectId,
      resource: undefined,
      startAt: hourOf(denied.at),
      endAt: denied.at,
      severity: 'critical',
      confidence: 'high',
      observed: 1,
      threshold: 1,
      evidence: [denied.eventId],
      explanation:
        `A subject token that was exchanged in another environment was presented in ` +
        `${denied.environment}, and denied.`,
      responses: [],
    },
  ];
}

type Elsewhere = Pick<SeenExchange, 'eventId' | 'environment' | 'at'>;

interface Containment {
  readonly settings: DetectionSettings;
  /** The family has handles of another workload: its issuer gave one `jti` to two. */
  readonly isShared: boolean;
}

/** One of each exchange of our own, so that what is issued after the first containment is contained too. */
function containing(own: SeenExchange, others: readonly Elsewhere[], how: Containment): Candidate {
  const environments = [...new Set(others.map(({ environment }) => environment))].sort();
  const times = [own.at, ...others.map(({ at }) => at)].map((at) => at.getTime());
  return {
    rule: 'D02',
    entity: { type: 'family', id: own.familyId },
    subjectId: own.subjectId,
    resource: own.resource,
    startAt: own.at,
    endAt: new Date(Math.max(...times)),
    severity: 'critical',
    confidence: 'high',
    observed: environments.length + 1,
    threshold: 2,
    evidence: [own.eventId, ...others.map(({ eventId }) => eventId)].slice(
      0,
      DETECTION_EVIDENCE_MAX,
    ),
    explanation:
      `A subject token issued at ${own.tokenIssuedAt.toISOString()} was exchanged in ` +
      `${own.environment} and presented in ${environments.join(', ')}.`,
    responses: containment(own, environments, how),
  };
}

function containment(
  own: SeenExchange,
  environments: readonly string[],
  { settings, isShared }: Containment,
): readonly PlannedResponse[] {
  const issued: PlannedResponse = isShared
    ? { action: 'revoke_handle', target: `handle:${own.handleId}`, seconds: undefined }
    : { action: 'revoke_family', target: `family:${own.familyId}`, seconds: undefined };
  const isMore = environments.some((other) => isHigher(own.environment, other, settings));
  if (!isMore) return [issued];
  const seconds = thresholdOf('D02', settings.rules.D02, 'suspendSeconds');
  return [issued, { action: 'suspend_grant', target: `grant:${own.grantId}`, seconds }];
}
