import { compileGrantSet, type GrantFileText } from '#policy';
import { aGrantContext, aGrantFile } from '#testing';

const compile = (files: readonly GrantFileText[]) => () => compileGrantSet(files, aGrantContext());
describe('two grants of one resource', () => {
  const pair = (first: Record<string, unknown>, second: Record<string, unknown>) => {
    const make = (id: string, subject: Record<string, unknown>) =>
      aGrantFile({ id, subject: { issuer: 'example', ...subject } }, `${id}.yaml`);
    return compile([make('a', first), make('b', second)]);
  };
  const overlap = 'b.yaml: subject: can match the same request as grant a of a.yaml';

  it.each([
    [{ id: 'x' }, { id: 'x' }],
    [{ id: 'ns/x' }, { segments: ['ns', '*'] }],
    [{ segments: ['ns', '*'] }, { segments: ['*', 'x'] }],
    [{ id: 'x' }, { claims: { ns: 'a' } }],
    [{ claims: { ns: ['a', 'b'] } }, { claims: { ns: ['b', 'c'] } }],
    [{ claims: { ns: 'a' } }, { claims: { level: 1 } }],
    [{ id: 'x', claims: { ns: 'a' } }, { id: 'x' }],
  ])('that can match one request are refused: %j and %j', (first, second) => {
    expect(pair(first, second)).toThrow(overlap);
    expect(pair(second, first)).toThrow(overlap);
  });

  it.each([
    [{ id: 'x' }, { id: 'y' }],
    [{ id: 'x' }, { id: 'X' }],
    [{ id: 'ns/x/y' }, { segments: ['ns', '*'] }],
    [{ id: 'ns/' }, { segments: ['ns', '*'] }],
    [{ segments: ['ns', '*'] }, { segments: ['ns', ''] }],
    [{ claims: { ns: ['a', 'b'] } }, { claims: { ns: 'c' } }],
    [{ claims: { ns: '1' } }, { claims: { ns: 1 } }],
    [
      { id: 'x', claims: { ns: 'a' } },
      { id: 'x', claims: { ns: 'b' } },
    ],
    [{ id: 'x' }, { issuer: 'other', id: 'x' }],
  ])('that cannot are no overlap: %j and %j', (first, second) => {
    expect(pair(first, second)).not.toThrow(overlap);
    expect(pair(second, first)).not.toThrow(overlap);
  });

  it('may have the same subject when their resources differ', () => {
    const files = [
      aGrantFile({}, 'a.yaml'),
      aGrantFile({ id: 'other', resource: 'archive' }, 'b.yaml'),
    ];
    expect(compile(files)().grants).toHaveLength(2);
  });
});
