import { parseIntrospectionAnswer, TokenRejected } from '#identity';

const parse = (body: string | Uint8Array): ReturnType<typeof parseIntrospectionAnswer> =>
  parseIntrospectionAnswer(Buffer.from(body));

describe('the body of an introspection answer', () => {
  it('is read into its members, unjudged', () => {
    const members = [...parse('{"active":"true","sub":"a","cnf":{"jkt":"x"}}')];
    expect(members).toMatchObject([
      ['active', 'true'],
      ['sub', 'a'],
      ['cnf', { jkt: 'x' }],
    ]);
  });

  it('may hold a member named __proto__, which is a member and nothing else', () => {
    const answer = parse('{"__proto__":{"active":true}}');
    expect(answer.has('__proto__')).toBe(true);
    expect(answer.get('active')).toBeUndefined();
  });

  it.each([
    ['HTML', '<!doctype html><title>Sign in</title>'],
    ['empty', ''],
    ['half of an answer', '{"active":true'],
    ['two answers', '{"active":false}{"active":true}'],
    ['active twice', '{"active":false,"active":true}'],
    ['sub twice, once escaped', '{"active":true,"sub":"a","\\u0073ub":"b"}'],
    ['with a byte order mark', '\ufeff{"active":true}'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['a JWT', 'eyJhbGciOiJub25lIn0.e30.'],
    ['nested too deep', `{"a":${'['.repeat(10)}${']'.repeat(10)}}`],
    ['of too many members', `{${Array.from({ length: 101 }, (_, i) => `"m${i}":1`).join(',')}}`],
  ])('I-21: is refused when it is %s', (_what, body) => {
    expect(() => parse(body)).toThrow(TokenRejected);
    expect(() => parse(body)).toThrow(
      expect.objectContaining({ reason: 'malformed_token' }) as Error,
    );
  });

  it.each(['[]', '[{"active":true}]', 'true', '"active"', 'null', '1'])(
    'I-21: is refused when it is JSON and no object: %s',
    (body) => {
      expect(() => parse(body)).toThrow(
        expect.objectContaining({ reason: 'invalid_claims' }) as Error,
      );
    },
  );

  it('I-26: is not quoted in the refusal', () => {
    expect(() => parse('top-secret-words')).toThrow(
      /^the introspection answer is not accepted: a value is expected \(at character 0\)$/,
    );
  });
});
