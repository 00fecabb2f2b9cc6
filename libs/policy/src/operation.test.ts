import fc from 'fast-check';
import { compileOperation, matchOperation, type Operation, OperationInvalid } from '#policy';
import { operationsOverlap } from './operations-overlap.js';

const literal = fc.stringMatching(/^[A-Za-z0-9\-_~!$&'()+,=:@]{1,8}$/);
const parameter = fc.constantFrom('{id}', '{name}');
const template = fc
  .record({
    segments: fc.array(fc.oneof(literal, parameter), { maxLength: 4 }),
    end: fc.constantFrom('', '**', '/'),
  })
  .map(({ segments, end }) => [
    ...segments.map((segment, index) => segment.replace('}', `${index}}`)),
    ...(end === '**' ? [end] : []),
    ...(end === '/' && segments.length > 0 ? [''] : []),
  ]);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE');
const operation = fc
  .tuple(method, template)
  .map(([verb, segments]) => compileOperation(`${verb} /${segments.join('/')}`));
const filled = fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' });

/** A path that the operation was made for. */
const pathOf = ({ segments }: Operation): fc.Arbitrary<string[]> =>
  fc
    .tuple(
      ...segments.map((segment) => {
        if (segment.kind === 'literal') return fc.constant([segment.text]);
        if (segment.kind === 'parameter') return filled.map((text) => [text]);
        return fc.array(filled, { minLength: 1, maxLength: 3 });
      }),
    )
    .map((parts) => parts.flat());
const operationAndPath = operation.chain((made) =>
  fc.record({ made: fc.constant(made), path: pathOf(made) }),
);

const matches = (text: string, verb: string, path: string): boolean =>
  matchOperation([compileOperation(text)], verb, path.slice(1).split('/')) !== undefined;

describe('an operation', () => {
  it('is a method and a template of literals, parameters and a rest', () => {
    expect(compileOperation('GET /accounts/{id}/**')).toEqual({
      method: 'GET',
      template: '/accounts/{id}/**',
      segments: [
        { kind: 'literal', text: 'accounts' },
        { kind: 'parameter', name: 'id' },
        { kind: 'rest' },
      ],
    });
  });

  it.each([
    ['', 'expected an upper-case method'],
    ['GET', 'expected an upper-case method'],
    ['get /a', 'expected an upper-case method'],
    ['GET a', 'expected an upper-case method'],
    ['GET  /a', 'expected an upper-case method'],
    [' GET /a', 'expected an upper-case method'],
    ['GET /a b', 'expected an upper-case method'],
    ['GET /a\n', 'neither a literal'],
    ['GET http://h/a', 'expected an upper-case method'],
    ['CONNECT /a', 'method CONNECT is not one of'],
    ['TRACE /a', 'method TRACE is not one of'],
    ['COPY /a', 'method COPY is not one of'],
    ['GET //', 'an empty segment'],
    ['GET //a', 'an empty segment'],
    ['GET /a//', 'an empty segment'],
    ['GET /**/', 'last place only'],
    ['GET /a//b', 'an empty segment'],
    ['GET /.', 'dot segment'],
    ['GET /a/..', 'dot segment'],
    ['GET /a/../b', 'dot segment'],
    ['GET /%2e%2e', 'neither a literal'],
    ['GET /a%20b', 'neither a literal'],
    ['GET /a;b', 'neither a literal'],
    ['GET /a?b', 'neither a literal'],
    ['GET /a#b', 'neither a literal'],
    ['GET /a\\b', 'neither a literal'],
    ['GET /ü', 'neither a literal'],
    ['GET /*', 'neither a literal'],
    ['GET /a*', 'neither a literal'],
    ['GET /***', 'neither a literal'],
    ['GET /**/a', 'last place only'],
    ['GET /{id', 'neither a literal'],
    ['GET /{}', 'neither a literal'],
    ['GET /x{id}', 'neither a literal'],
    ['GET /{id}.json', 'neither a literal'],
    ['GET /{a b}', 'expected an upper-case method'],
    ['GET /{id}/{id}', 'stands twice'],
    [`GET /${'a'.repeat(1024)}`, 'longer than 1024 characters'],
    [`GET /${'a/'.repeat(64)}a`, 'more than 64 segments'],
  ])('is not %j', (text, why) => {
    expect(() => compileOperation(text)).toThrow(OperationInvalid);
    expect(() => compileOperation(text)).toThrow(why);
  });

  it('is never compiled from arbitrary text without keeping to the grammar', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (path) => {
        fc.pre(/[^A-Za-z0-9\-._~!$&'()+,=:@/{}*]|^\/|\/\//.test(path));
        expect(() => compileOperation(`GET /${path}`)).toThrow(OperationInvalid);
      }),
    );
  });
});

describe('a call', () => {
  it.each([
    ['GET /', 'GET', '/'],
    ['GET /a', 'GET', '/a'],
    ['GET /a', 'HEAD', '/a'],
    ['GET /a/{id}', 'GET', '/a/b c'],
    ['GET /a/{id}', 'GET', '/a/**'],
    ['GET /a/**', 'GET', '/a/b'],
    ['GET /a/**', 'GET', '/a/b/c/d'],
    ['GET /**', 'GET', '/a'],
    ['POST /a/{x}/b', 'POST', '/a/1/b'],
    ['GET /a/', 'GET', '/a/'],
    ['GET /a/{id}/', 'GET', '/a/1/'],
  ])('under %s is %s %s', (text, verb, path) => {
    expect(matches(text, verb, path)).toBe(true);
  });

  it.each([
    ['GET /', 'GET', '/a'],
    ['GET /a', 'GET', '/'],
    ['GET /a', 'GET', '/a/'],
    ['GET /a', 'GET', '/A'],
    ['GET /a', 'GET', '/ab'],
    ['GET /a', 'GET', '/a/b'],
    ['GET /a', 'POST', '/a'],
    ['GET /a', 'get', '/a'],
    ['HEAD /a', 'GET', '/a'],
    ['POST /a', 'HEAD', '/a'],
    ['GET /a/{id}', 'GET', '/a'],
    ['GET /a/{id}', 'GET', '/a/'],
    ['GET /a/{id}', 'GET', '/a/b/c'],
    ['GET /a/{id}', 'GET', '/a/b/'],
    ['GET /a/**', 'GET', '/a'],
    ['GET /a/**', 'GET', '/a/'],
    ['GET /a/**', 'GET', '/a/b/'],
    ['GET /a/**', 'GET', '/a//b'],
    ['GET /a/**', 'GET', '/ab/c'],
    ['GET /**', 'GET', '/'],
    ['GET /a/', 'GET', '/a'],
    ['GET /a/', 'GET', '/a/b'],
    ['GET /a/', 'GET', '/a//'],
    ['GET /a/{id}/', 'GET', '/a/1'],
    ['GET /a/{id}/', 'GET', '/a//'],
  ])('under %s is not %s %s', (text, verb, path) => {
    expect(matches(text, verb, path)).toBe(false);
  });

  it('to the root may come as no segment or as one empty one', () => {
    const root = [compileOperation('GET /')];
    expect(matchOperation(root, 'GET', [])).toBe(root[0]);
    expect(matchOperation(root, 'GET', [''])).toBe(root[0]);
    expect(matchOperation(root, 'GET', ['', ''])).toBeUndefined();
  });

  it('is covered by nothing when there is no operation', () => {
    expect(matchOperation([], 'GET', ['a'])).toBeUndefined();
  });

  it('is given the first operation that covers it', () => {
    const operations = ['POST /a', 'GET /{x}', 'GET /a'].map(compileOperation);
    expect(matchOperation(operations, 'GET', ['a'])).toBe(operations[1]);
  });

  it('matches every operation that its path was made for, and no other method', () => {
    fc.assert(
      fc.property(operationAndPath, ({ made, path }) => {
        expect(matchOperation([made], made.method, path)).toBe(made);
        expect(matchOperation([made], 'PATCH', path)).toBeUndefined();
      }),
    );
  });

  it('with an empty segment anywhere but as the root is covered by nothing', () => {
    const everything = ['GET /', 'GET /**', 'GET /{a}', 'GET /{a}/{b}', 'GET /{a}/**'];
    const segments = fc.array(fc.oneof(filled, fc.constant('')), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(segments, (path) => {
        fc.pre(path.includes(''));
        expect(matchOperation(everything.map(compileOperation), 'GET', path)).toBeUndefined();
      }),
    );
  });

  it('that is changed in a literal segment is covered no more', () => {
    fc.assert(
      fc.property(operationAndPath, fc.nat(), filled, ({ made, path }, at, other) => {
        const literals = made.segments.flatMap((one, index) =>
          one.kind === 'literal' && one.text !== other ? [index] : [],
        );
        fc.pre(literals.length > 0);
        const changed = path.with(literals[at % literals.length]!, other);
        expect(matchOperation([made], made.method, changed)).toBeUndefined();
      }),
    );
  });
});

describe('two operations', () => {
  it.each([
    ['GET /a', 'GET /a', true],
    ['GET /a', 'HEAD /a', true],
    ['GET /a', 'POST /a', false],
    ['GET /{x}', 'GET /a', true],
    ['GET /**', 'GET /a/b', true],
    ['GET /a/**', 'GET /a', false],
    ['GET /a/**', 'GET /b/**', false],
    ['GET /{x}/b', 'GET /a/{y}', true],
    ['GET /{x}/b', 'GET /a/c', false],
    ['GET /', 'GET /**', false],
    ['GET /', 'GET /', true],
    ['GET /a/', 'GET /a/', true],
    ['GET /a/', 'GET /a', false],
    ['GET /a/', 'GET /a/{id}', false],
    ['GET /a/', 'GET /a/**', false],
    ['GET /a/{id}/', 'GET /**', false],
    ['GET /a/{id}/', 'GET /{x}/b/', true],
  ])('%s and %s overlap: %j', (one, other, expected) => {
    expect(operationsOverlap(compileOperation(one), compileOperation(other))).toBe(expected);
    expect(operationsOverlap(compileOperation(other), compileOperation(one))).toBe(expected);
  });

  it('overlap whenever one call matches both', () => {
    fc.assert(
      fc.property(operationAndPath, operation, ({ made, path }, other) => {
        const verb = made.method;
        const both = matchOperation([other], verb, path) !== undefined;
        expect(both && !operationsOverlap(made, other)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
