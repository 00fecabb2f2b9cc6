import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  GRANT_FILE_BYTES_MAX,
  grantFileJsonSchema,
  GrantSetInvalid,
  parseGrantFile,
} from '#policy';
import { aGrantFile, grantFields } from '#testing';

const parse = (overrides: Record<string, unknown>) => () =>
  parseGrantFile('g.yaml', aGrantFile(overrides).text);
const parseText = (text: string) => () => parseGrantFile('g.yaml', text);
const good = aGrantFile().text;

describe('a grant file', () => {
  it('is read with dates as instants and durations in seconds', () => {
    expect(
      parse({ maxTtl: '1h', subject: { issuer: 'example', claims: { ns: 'a', n: [1, true] } } })(),
    ).toMatchObject({
      created: new Date('2026-11-01T00:00:00Z'),
      reviewBy: new Date('2027-01-31T00:00:00Z'),
      maxTtl: 3600,
      subject: { issuer: 'example', claims: { ns: ['a'], n: [1, true] } },
      actor: null,
      maxChainDepth: 0,
    });
  });

  it('may leave out actor and maxChainDepth', () => {
    const file = parse({ actor: undefined, maxChainDepth: undefined })();
    expect(file).toMatchObject({ actor: null, maxChainDepth: 0 });
  });

  it.each([
    ['an unknown key', { colour: 'red' }, 'g.yaml: colour: unknown key'],
    [
      'an unknown key below',
      { subject: { issuer: 'a', id: 'b', glob: 'c' } },
      'g.yaml: subject.glob: unknown key',
    ],
    ['a prototype as key', { ['__proto__']: { a: 1 } }, 'g.yaml: __proto__: unknown key'],
    ['no purpose', { purpose: undefined }, 'g.yaml: purpose: '],
    ['a blank purpose', { purpose: '  ' }, 'g.yaml: purpose: must not be empty'],
    ['no approvedBy', { approvedBy: undefined }, 'g.yaml: approvedBy: '],
    ['no tests', { tests: undefined }, 'g.yaml: tests: '],
    ['an id with a space', { id: 'a b' }, 'g.yaml: id: expected 1 to 63'],
    ['version 0', { version: 0 }, 'g.yaml: version: '],
    ['version 1.5', { version: 1.5 }, 'g.yaml: version: expected a whole number'],
    ['a version as text', { version: '1' }, 'g.yaml: version: expected a whole number'],
    ['an unknown pattern', { pattern: 'impersonation' }, 'g.yaml: pattern: '],
    ['an unknown binding', { binding: 'maybe' }, 'g.yaml: binding: '],
    ['a day that is none', { created: '2026-02-30' }, 'g.yaml: created: there is no such day'],
    ['a time for a day', { reviewBy: '2026-12-31T00:00:00Z' }, 'g.yaml: reviewBy: expected a date'],
    ['a number for a day', { reviewBy: 20261231 }, 'g.yaml: reviewBy: expected a date'],
    ['a bare number of seconds', { maxTtl: 300 }, 'g.yaml: maxTtl: expected a duration'],
    ['a duration of zero', { maxTtl: '0s' }, 'g.yaml: maxTtl: expected a duration'],
    ['a duration in days', { maxTtl: '1d' }, 'g.yaml: maxTtl: expected a duration'],
    ['a negative duration', { maxTtl: '-5m' }, 'g.yaml: maxTtl: expected a duration'],
    ['no scope', { scopes: [] }, 'g.yaml: scopes: expected at least one scope'],
    ['no default scope', { defaultScopes: [] }, 'g.yaml: defaultScopes: expected at least one'],
    ['a scope twice', { scopes: ['a', 'a'] }, 'g.yaml: scopes: a scope stands twice'],
    ['a scope with a space', { scopes: ['a b'] }, 'g.yaml: scopes[0]: expected a scope name'],
    ['scopes as text', { scopes: 'ledger.read' }, 'g.yaml: scopes: '],
    ['no call', { maxCalls: 0 }, 'g.yaml: maxCalls: '],
    [
      'a claim without values',
      { subject: { issuer: 'a', claims: { 'k8s/ns': [] } } },
      'g.yaml: subject.claims["k8s/ns"]',
    ],
    [
      'a claim that is null',
      { subject: { issuer: 'a', claims: { ns: null } } },
      'g.yaml: subject.claims.ns: expected a string',
    ],
    [
      'a claim that is an object',
      { subject: { issuer: 'a', claims: { ns: { a: 1 } } } },
      'g.yaml: subject.claims.ns: expected a string',
    ],
    [
      'an unknown key in a test',
      { tests: [{ deny: { subject: 'a', scop: 'b' } }] },
      'g.yaml: tests[0].deny.scop: unknown key',
    ],
    [
      'a test that is neither',
      { tests: [{ allow: { subject: 'a' } }] },
      'g.yaml: tests[0]: expected "permit: {...}" or "deny: {...}"',
    ],
    [
      'a test that is both',
      { tests: [{ permit: { subject: 'a' }, deny: { subject: 'a' } }] },
      'g.yaml: tests[0]',
    ],
    [
      'a test with two spaces in its scope',
      { tests: [{ deny: { subject: 'a', scope: 'b  c' } }] },
      'g.yaml: tests[0].deny.scope: expected scopes, one space',
    ],
  ])('is refused with %s', (_what, overrides, line) => {
    expect(parse(overrides)).toThrow(GrantSetInvalid);
    expect(parse(overrides)).toThrow(line);
  });

  it('is refused with every problem at once, each a line', () => {
    expect(parse({ version: 0, maxTtl: 1, a: 1 })).toThrow(
      /version: [^\n]*\n[^\n]*maxTtl: [^\n]*\n[^\n]*a: unknown key$/,
    );
  });

  it.each([
    ['a second document', `${good}---\n${good}`, /holds more than one document/],
    ['a duplicate key', `${good}version: 2\n`, /Map keys must be unique/],
    [
      'a duplicate key below',
      good.replace('issuer: example', 'issuer: example\n  issuer: other'),
      /unique/,
    ],
    ['an anchor', good.replace('version: 1', 'version: &v 1'), /anchors and aliases/],
    ['an alias', good.replace('version: 1', 'version: *v'), /anchors and aliases|Unresolved alias/],
    ['a merge key', `${good}<<: {version: 2}\n`, /<<.*unknown key/],
    ['a tag', good.replace('version: 1', 'version: !!int 1'), /tags/],
    ['a tag of its own', good.replace('version: 1', 'version: !x 1'), /tags|tag/],
    ['a %YAML directive', `%YAML 1.1\n---\n${good}`, /directives/],
    ['a %TAG directive', `%TAG !e! tag:e.example,2000:\n---\n${good}`, /directives/],
    ['a key that is a list', `${good}? [a]\n: 1\n`, /keys must be text/],
    ['a key that is a number', `${good}1: 1\n`, /keys must be text/],
    ['a key that is absent', `${good}: 1\n`, /keys must be text/],
    ['nothing in it', '', /expected object/],
    ['a comment only', '# nothing', /expected object/],
    ['a list', '- a', /expected object/],
    ['open brackets', '['.repeat(GRANT_FILE_BYTES_MAX), /./],
    ['open maps', '{a: '.repeat(GRANT_FILE_BYTES_MAX / 4), /./],
    ['nested block lists', '- '.repeat(GRANT_FILE_BYTES_MAX / 2), /./],
    ['more than 64 KiB', `${good}#${'x'.repeat(GRANT_FILE_BYTES_MAX)}`, /larger than 65536 bytes/],
  ])('is refused with %s', (_what, text, message) => {
    expect(parseText(text)).toThrow(GrantSetInvalid);
    expect(parseText(text)).toThrow(message);
  });

  it('bombs neither memory nor time with aliases of aliases', () => {
    const levels = Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`);
    expect(parseText(['a0: &a0 x', ...levels].join('\n'))).toThrow(/anchors and aliases/);
  });
});

describe('docs/grant.schema.json', () => {
  const path = fileURLToPath(new URL('../../../docs/grant.schema.json', import.meta.url));
  const published = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

  it('is in step with the schema (write what grantFileJsonSchema() gives to it)', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(grantFileJsonSchema())));
  });

  it('accepts a grant file and refuses an unknown key', () => {
    const validate = new Ajv2020({ strict: false }).compile(published);
    expect(validate(grantFields())).toBe(true);
    expect(validate({ ...grantFields(), colour: 'red' })).toBe(false);
    expect(validate({ ...grantFields(), maxTtl: 300 })).toBe(false);
  });
});
