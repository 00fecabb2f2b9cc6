import { type HandleSelector, isNamed, targetOf, targetsOf } from '#handles';
import { subjectIdOf } from '#identity';
import { aHandle } from '#testing';

describe('the target of a selector', () => {
  it.each<[HandleSelector, string]>([
    [{ scope: 'family', id: 'fam_1' }, 'family:fam_1'],
    [{ scope: 'issuer', id: 'https://idp.test' }, 'issuer:https://idp.test'],
    [{ scope: 'key', id: 'k:1', issuer: 'https://idp.test' }, 'key:https%3A%2F%2Fidp.test:k:1'],
    [{ scope: 'task', id: 'a:b', subjectId: 'sub_1' }, 'task:sub_1:a:b'],
    [{ scope: 'grant', id: 'g', exceptDigest: 'd' }, 'grant:g'],
  ])('of %j is %s', (selector, target) => {
    expect(targetOf(selector)).toBe(target);
  });

  it('is another for each pair of what is in it, wherever the colons are', () => {
    const pairs = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a%3Ab', 'c'],
    ] as const;
    const targets = pairs.map(([issuer, id]) => targetOf({ scope: 'key', id, issuer }));
    expect(new Set(targets).size).toBe(pairs.length);
  });

  it('is told by its digest when it is longer than 512 bytes', () => {
    const idOf = (characters: number): string => 'ä'.repeat(characters);
    const long = targetOf({ scope: 'issuer', id: idOf(300) });
    expect(long).toMatch(/^issuer:#[0-9a-f]{64}$/);
    expect(targetOf({ scope: 'issuer', id: idOf(301) })).not.toBe(long);
    expect(targetOf({ scope: 'issuer', id: idOf(250) })).toBe(`issuer:${idOf(250)}`);
  });

  it('is among those of each handle that the selector names', () => {
    const actor = { issuer: 'https://idp.test', subject: 'agent' };
    const handle = aHandle({ actors: [actor], task: 'task-1' });
    expect(targetsOf(handle).map(({ target }) => target)).toEqual([
      `handle:${handle.id}`,
      `family:${handle.familyId}`,
      'subject:sub_1',
      'issuer:https://idp.test',
      'grant:grant-1',
      'resource:ledger',
      'key:https%3A%2F%2Fidp.test:key-1',
      'task:sub_1:task-1',
      `subject:${subjectIdOf(actor)}`,
    ]);
  });

  it('is bounded by the issuer of whom it names, be it one who only acts', () => {
    const actor = { issuer: 'https://agents.test', subject: 'agent' };
    const handle = aHandle({ actors: [actor] });
    const acting = `subject:${subjectIdOf(actor)}`;
    expect(isNamed(handle, { target: acting, issuers: [actor.issuer] })).toBe(true);
    expect(isNamed(handle, { target: acting, issuers: ['https://idp.test'] })).toBe(false);
    expect(isNamed(handle, { target: 'subject:sub_1', issuers: [actor.issuer] })).toBe(false);
    expect(isNamed(handle, { target: 'resource:ledger', issuers: [] })).toBe(true);
  });
});
