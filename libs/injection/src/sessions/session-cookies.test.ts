import { SessionCookies } from './session-cookies.js';

const ORIGIN = 'https://ledger.test';

describe('cookies of a session', () => {
  it('are a limited number, whatever paths a destination sets one name for: each is searched for in answers', () => {
    const cookies = new SessionCookies(ORIGIN);
    cookies.set('sid=the-session-itself; Path=/', '/login');
    for (let index = 0; index < 1_000; index += 1) {
      cookies.set(`sid=session-of-path-${index}; Path=/${index}`, '/');
    }
    expect(cookies.confidential).toHaveLength(50);
    cookies.set('sid=the-session-that-follows; Path=/', '/');
    expect(cookies.sentTo('/')).toEqual([{ name: 'sid', value: 'the-session-that-follows' }]);
    expect(cookies.confidential).toContain('the-session-that-follows');
  });

  it.each([
    ['/app/login', 'sid=first-value', 'sid=second-value; Path=/app'],
    ['/login', 'sid=first-value', 'sid=second-value; Path=nonsense'],
  ])('have the path of what sets them where they name none: %s', (path, first, second) => {
    const cookies = new SessionCookies(ORIGIN);
    cookies.set(first, path);
    cookies.set(second, path);
    expect(cookies.confidential).toEqual(['second-value']);
    expect(cookies.sentTo(path)).toEqual([{ name: 'sid', value: 'second-value' }]);
  });

  it.each(['', '=', 'sid', 'sid=for-others; Domain=elsewhere.test'])(
    'are not taken from what sets none for the origin: "%s"',
    (field) => {
      const cookies = new SessionCookies(ORIGIN);
      cookies.set(field, '/');
      expect([cookies.names, cookies.confidential]).toEqual([[], []]);
    },
  );
});
