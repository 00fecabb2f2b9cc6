import { EVENT_TOPICS, TOPICS } from '#events';
import { deniedBy, type FoundAcl, isCovered, mayHarm } from './acl-coverage.js';
import {
  DEFAULT_PRINCIPALS,
  grantsFor,
  KAFKA_ROLES,
  type KafkaGrant,
  type KafkaRole,
  OWN_PRINCIPALS,
  topicsOf,
} from './kafka-rights.js';

const everybody = new Map(KAFKA_ROLES.map((role) => [role, [DEFAULT_PRINCIPALS[role]]]));
const writersOf = (topic: string): readonly string[] =>
  grantsFor(everybody)
    .filter(({ name, operation }) => name === topic && operation === 'Write')
    .map(({ principal }) => principal);

describe('the rights on Kafka', () => {
  it.each([...EVENT_TOPICS])('let the relay alone write %s', (topic) => {
    expect(writersOf(topic)).toEqual(['User:postern-relay']);
  });

  it('let who issues commands write those, and nobody else', () => {
    expect(writersOf(TOPICS.command)).toEqual(['User:soar']);
    const soar = grantsFor(new Map([['soar', ['User:x']]]));
    expect(new Set(soar.map(({ kind, name }) => `${kind} ${name}`))).toEqual(
      new Set([`topic ${TOPICS.command}`]),
    );
  });

  it('let a stream processor write candidates and nothing else, and nobody besides', () => {
    expect(writersOf(TOPICS.detectionCandidates)).toEqual(['User:stream-processor']);
    const grants = grantsFor(new Map([['stream-processor', ['User:x']]]));
    const written = grants.filter(({ operation }) => operation === 'Write');
    expect(written.map(({ name }) => name)).toEqual([TOPICS.detectionCandidates]);
  });

  it.each([
    ['commands', 'control', TOPICS.command],
    ['candidates', 'sentinel', TOPICS.detectionCandidates],
  ])('let nobody read %s but %s', (_, role, topic) => {
    const readers = grantsFor(everybody).filter(
      ({ name, operation }) => name === topic && operation === 'Read',
    );
    expect(readers.map(({ principal }) => principal)).toEqual([`User:postern-${role}`]);
  });

  it('are given unasked to processes of Postern alone', () => {
    expect(new Set(grantsFor(OWN_PRINCIPALS).map(({ principal }) => principal))).toEqual(
      new Set(['relay', 'proxy', 'control', 'sentinel'].map((name) => `User:postern-${name}`)),
    );
  });

  it('are given once to who has several roles', () => {
    const roles: KafkaRole[] = ['relay', 'tail'];
    const grants = grantsFor(new Map(roles.map((role) => [role, ['User:one']])));
    const described = grants.map((grant) => JSON.stringify(grant));
    expect(new Set(described).size).toBe(described.length);
  });

  it('name the topics that a process looks at when it starts', () => {
    expect(topicsOf('relay')).toEqual([...EVENT_TOPICS, 'postern.dlq.postern-canary-watch.v1']);
    expect(topicsOf('proxy')).toEqual([TOPICS.revocationState, TOPICS.credentialState]);
    expect(topicsOf('control')).toEqual([TOPICS.command]);
    expect(topicsOf('sentinel')).toEqual([
      ...[TOPICS.exchange, TOPICS.handle, TOPICS.call, TOPICS.policy, TOPICS.rotation],
      ...[TOPICS.detection, TOPICS.auditCheckpoint],
      ...['postern.dlq.postern-sentinel.v1', TOPICS.detectionCandidates],
    ]);
  });
});

describe('an access control list', () => {
  const grant: KafkaGrant = {
    principal: 'User:a',
    kind: 'topic',
    name: 'postern.call.v1',
    pattern: 'literal',
    operation: 'Describe',
  };
  const entry = (change: Partial<FoundAcl> = {}): FoundAcl => ({
    kind: 'topic',
    name: 'postern.call.v1',
    pattern: 'literal',
    principal: 'User:a',
    operation: 'Describe',
    effect: 'permit',
    ...change,
  });

  it.each<Partial<FoundAcl>>([
    {},
    { operation: 'All' },
    { operation: 'Read' },
    { operation: 'Write' },
    { principal: 'User:*' },
    { name: '*' },
    { name: 'postern.', pattern: 'prefixed' },
  ])('gives a right by %j', (change) => {
    expect(isCovered(grant, [entry(change)])).toBe(true);
  });

  it.each<Partial<FoundAcl>>([
    { effect: 'deny' },
    { operation: 'AlterConfigs' },
    { principal: 'User:b' },
    { name: 'postern.call.v2' },
    { name: 'postern.' },
    { name: 'postern.call.v1x', pattern: 'prefixed' },
    { kind: 'group' },
    { pattern: 'other', name: '*' },
  ])('does not give it by %j', (change) => {
    expect(isCovered(grant, [entry(change)])).toBe(false);
  });

  it('gives a prefix only by that prefix, a shorter one, or everything', () => {
    const prefixed: KafkaGrant = { ...grant, name: 'postern-proxy-', pattern: 'prefixed' };
    expect(isCovered(prefixed, [entry({ name: 'postern-', pattern: 'prefixed' })])).toBe(true);
    expect(isCovered(prefixed, [entry({ name: '*' })])).toBe(true);
    expect(isCovered(prefixed, [entry({ name: 'postern-proxy-' })])).toBe(false);
    expect(isCovered(prefixed, [entry({ name: 'postern-proxy-1', pattern: 'prefixed' })])).toBe(
      false,
    );
  });

  it('takes a right away by a denial of that operation or of all', () => {
    expect(deniedBy(grant, [entry({ effect: 'deny', principal: 'User:*' })])).toBe(true);
    expect(deniedBy(grant, [entry({ effect: 'deny', operation: 'All' })])).toBe(true);
    expect(deniedBy(grant, [entry({ effect: 'deny', operation: 'Read' })])).toBe(false);
    expect(deniedBy(grant, [entry()])).toBe(false);
  });

  it.each([
    ['Write', true],
    ['All', true],
    ['Delete', true],
    ['AlterConfigs', true],
    ['Read', false],
    ['Describe', false],
  ] as const)('lets somebody change what lies on a topic by %s: %s', (operation, harm) => {
    const wide = entry({ operation, name: 'post', pattern: 'prefixed' });
    expect(mayHarm(wide, 'postern.call.v1')).toBe(harm);
    expect(mayHarm({ ...wide, effect: 'deny' }, 'postern.call.v1')).toBe(false);
  });
});
