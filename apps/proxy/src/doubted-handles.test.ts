import { subjectIdOf } from '#identity';
import { aHandle } from '#testing';
import { DoubtedHandles, type RevocationEntry } from './doubted-handles.js';

const ACTOR = { issuer: 'https://idp.example', subject: 'agent-7' };
const handle = aHandle({ task: 'task-1', subjectTokenKeyId: 'kid-1', actors: [ACTOR] });

const entry = (change: Pick<RevocationEntry, 'scope' | 'id'> & Partial<RevocationEntry>) => ({
  ...{ action: 'revoked' as const, at: 0, reason: 'test', handles: 1, until: 0 },
  ...change,
});
const doubted = (...entries: Parameters<typeof entry>): boolean => {
  const handles = new DoubtedHandles();
  for (const one of entries) handles.add(entry(one));
  return handles.matches(handle);
};

describe('an entry of the revocation state doubts a handle', () => {
  it.each<[string, Parameters<typeof entry>[0]]>([
    ['that it names', { scope: 'handle', id: handle.id }],
    [
      'that descends from the one it names',
      { scope: 'handle', id: 'hdl_parent', family_id: handle.familyId },
    ],
    ['of its family', { scope: 'family', id: handle.familyId }],
    ['of its subject', { scope: 'subject', id: handle.subject.id }],
    ['for whose subject another acts', { scope: 'subject', id: subjectIdOf(ACTOR) }],
    ['of its issuer', { scope: 'issuer', id: handle.subject.issuer }],
    ['for whose subject one of its issuer acts', { scope: 'issuer', id: ACTOR.issuer }],
    ['of its grant', { scope: 'grant', id: handle.grant.id }],
    ['whose token its key signed', { scope: 'key', id: 'kid-1', issuer: 'https://any.example' }],
    ['of its task', { scope: 'task', id: 'task-1', subject_id: 'sub_any' }],
    ['of its resource', { scope: 'resource', id: handle.resource }],
  ])('%s', (_, named) => {
    expect(doubted(named)).toBe(true);
  });

  it.each<[string, Parameters<typeof entry>[0]]>([
    ['another handle', { scope: 'handle', id: 'hdl_other', family_id: 'fam_other' }],
    ['another family', { scope: 'family', id: handle.id }],
    ['another subject', { scope: 'subject', id: 'sub_other' }],
    ['another grant', { scope: 'grant', id: 'other' }],
    ['another key', { scope: 'key', id: 'kid-2', issuer: handle.subject.issuer }],
    ['another resource', { scope: 'resource', id: 'other' }],
  ])('and not where it names %s', (_, named) => {
    expect(doubted(named)).toBe(false);
  });

  it('does not take what a handle does not have for what it names', () => {
    const handles = new DoubtedHandles();
    for (const scope of ['key', 'task'] as const) handles.add(entry({ scope, id: 'undefined' }));
    const plain = aHandle({ task: undefined, subjectTokenKeyId: undefined });
    expect(handles.matches(plain)).toBe(false);
  });
});
