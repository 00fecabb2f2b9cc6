import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CATALOGUE, dataSchemaOf, type EventType, topicOf } from '#events';

/** The families on each topic; a type that lies apart from its family is named whole. */
const TOPICS_BY_FAMILY = {
  'postern.exchange.v1': ['exchange'],
  'postern.handle.v1': ['handle'],
  'postern.call.v1': ['call'],
  'postern.policy.v1': ['policy', 'probe', 'review', 'signal', 'leak', 'command', 'postern'],
  'postern.revocation-state.v1': ['revocation'],
  'postern.credential-state.v1': ['credential.state'],
  'postern.rotation.v1': ['rotation', 'wrap', 'credential'],
  'postern.detection.v1': ['detection', 'response', 'restriction'],
  'postern.audit-checkpoint.v1': ['audit'],
  'postern.canary.v1': ['canary'],
};
const types = Object.keys(CATALOGUE) as EventType[];

const topicExpected = (type: EventType): string | undefined => {
  const [, , family = '', what = ''] = type.split('.');
  const holding = (name: string): string | undefined =>
    Object.entries(TOPICS_BY_FAMILY).find(([, names]) => names.includes(name))?.[0];
  return holding(`${family}.${what}`) ?? holding(family);
};

describe('the catalogue', () => {
  it.each(types)('has %s on the topic of its family', (type) => {
    expect(topicOf(type)).toBe(topicExpected(type));
  });

  it.each(types)('has for %s a name that the envelope takes', (type) => {
    expect(type).toMatch(/^dev\.postern\.[a-z]+\.[a-z_]+\.v[1-9][0-9]*$/);
  });

  it('gives each type a schema of its own', () => {
    expect(new Set(types.map(dataSchemaOf)).size).toBe(types.length);
  });

  it('does not know a type that is not in it', () => {
    const unknown = 'dev.postern.call.dreamt.v1' as EventType;
    expect(() => topicOf(unknown)).toThrow('not in the catalogue');
    expect(() => dataSchemaOf(unknown)).toThrow('not in the catalogue');
  });

  it.each([
    ['dev.postern.rotation.done.v1', { state: 'promoted' }],
    ['dev.postern.wrap.suspect.v1', { verdict: 'genuine' }],
    ['dev.postern.credential.breaker_opened.v1', { next_probe_at: undefined }],
    ['dev.postern.detection.closed.v1', { resolution: undefined }],
    ['dev.postern.audit.checkpoint.v1', { root_hash: 'ABCDEF' }],
  ] as const)('refuses for %s what another type says, or nobody: %j', (type, change) => {
    const file = `test/golden/events/${type.slice('dev.postern.'.length)}.full.json`;
    const { data } = JSON.parse(readFileSync(path.resolve(file), 'utf8')) as { data: object };
    expect(CATALOGUE[type].safeParse(data).success).toBe(true);
    expect(CATALOGUE[type].safeParse({ ...data, ...change }).success).toBe(false);
  });
});
