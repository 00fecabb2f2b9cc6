import { withoutCredentials } from './without-credentials.js';

const HANDLE = `pst_dev_${'aB3'.repeat(16)}x`;
const JWT = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.${'s'.repeat(86)}`;

describe('what a caller says, in an event', () => {
  it('is what it said, cut to the length', () => {
    expect(withoutCredentials('curl/8.5 (x)', 200)).toBe('curl/8.5 (x)');
    expect(withoutCredentials('x'.repeat(20_000), 200)).toBe('x'.repeat(200));
    expect(withoutCredentials('x'.repeat(20_000), Infinity)).toBe('x'.repeat(4096));
  });

  it.each([
    ['a handle', HANDLE],
    ['a handle that is cut', HANDLE.slice(0, 30)],
    ['a token', JWT],
    ['a token without its signature', JWT.slice(0, 30)],
    ['a token across the length', `${'x '.repeat(90)}${JWT}`],
    ['a token across the end of what is read', `${'x '.repeat(2_020)}${JWT}`],
  ])('holds no credential: %s', (_, value) => {
    const shown = withoutCredentials(`agent ${value} end`, 200);
    expect(shown).not.toMatch(/pst_|eyJhb|ssss/);
    expect(withoutCredentials(`agent ${value} end`, Infinity)).toContain('[redacted]');
  });

  it('costs little time for a text that was made to cost much', () => {
    const started = performance.now();
    withoutCredentials('eyJ'.repeat(100_000), 200);
    withoutCredentials('pst_a'.repeat(100_000), 200);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
