import fc from 'fast-check';
import { agentFamily } from './agent-family.js';

describe('the family of a user agent', () => {
  it.each([
    ['curl/8.5.0', 'curl'],
    ['CURL/7.1', 'curl'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'browser'],
    ['Opera/9.80', 'browser'],
    ['python-requests/2.32.3', 'python-requests'],
    ['settler', 'settler'],
    ['settler-2.1', 'settler'],
    ['Boto3/1.34.0 md/Botocore#1.34', 'boto'],
    ['tool-e550e840-e29b-41d4-a716-446655440000/1', 'tool'],
    ['okhttp', 'okhttp'],
    ['(unknown)', 'other'],
    ['123', 'other'],
    ['', undefined],
    ['   ', undefined],
    [undefined, undefined],
  ])('of %j is %j', (agent, family) => {
    expect(agentFamily(agent)).toBe(family);
  });

  const name = fc.stringMatching(/^[A-Za-z]{1,20}$/);
  const version = fc.stringMatching(/^[0-9]{1,3}(?:\.[0-9]{1,4}){0,3}$/);

  it('is the same for any version and any comment', () => {
    fc.assert(
      fc.property(name, version, version, fc.string(), (product, one, other, comment) => {
        expect(agentFamily(`${product}/${one}`)).toBe(
          agentFamily(`${product}/${other} ${comment}`),
        );
        expect(agentFamily(`${product}-${one}`)).toBe(agentFamily(product));
      }),
    );
  });

  it('is the same in any case, and whatever id of a process it carries', () => {
    fc.assert(
      fc.property(name, fc.uuid(), (product, id) => {
        expect(agentFamily(product.toUpperCase())).toBe(agentFamily(product.toLowerCase()));
        expect(agentFamily(`${product}-${id}/1.0`)).toBe(agentFamily(product));
      }),
    );
  });

  it('is short, and has nothing in it that could be a secret with spaces, slashes or controls', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(agentFamily(text) ?? '').toMatch(/^[!#$%&'*+.^_`|~0-9a-z-]{0,64}$/);
      }),
    );
  });
});
