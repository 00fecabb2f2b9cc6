import fc from 'fast-check';
import { ChangeRefused } from '#rotation';
import { type ChangeRequest } from './changer-settings.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';
import { ChangeTemplate } from './change-template.js';

const aRequest = (overrides: Partial<ChangeRequest> = {}): ChangeRequest => ({
  method: 'POST',
  path: '/password',
  type: 'form',
  fields: { user: '{{username}}', old: '{{current.password}}', new: '{{next.password}}' },
  expect: [200],
  ...overrides,
});
const VALUES = { username: 'svc', 'current.password': 'one', 'next.password': 'two' };
const text = fc.string({ unit: 'grapheme', maxLength: 20 });

describe('the template of a change-password call', () => {
  it('gives back each value from a form, whatever it holds', () => {
    fc.assert(
      fc.property(text, text, text, (username, current, next) => {
        const values = { username, 'current.password': current, 'next.password': next };
        const { body, contentType } = new ChangeTemplate(aRequest()).render(values);
        expect(contentType).toBe('application/x-www-form-urlencoded');
        expect(Object.fromEntries(new URLSearchParams(body.toString()))).toEqual({
          ...{ user: username, old: current, new: next },
        });
      }),
    );
  });

  it('gives back each value from JSON, whatever it holds', () => {
    const fields = { login: 'a-{{username}}', new: '{{next.password}}' };
    fc.assert(
      fc.property(text, text, (username, next) => {
        const template = new ChangeTemplate(aRequest({ type: 'json', fields }));
        const { body } = template.render({ ...VALUES, username, 'next.password': next });
        expect(JSON.parse(body.toString())).toEqual({ login: `a-${username}`, new: next });
      }),
    );
  });

  it('takes no value for a placeholder', () => {
    const values = { ...VALUES, username: '{{next.password}}', 'next.password': '{{username}}$&' };
    const { body } = new ChangeTemplate(aRequest()).render(values);
    expect(new URLSearchParams(body.toString()).get('user')).toBe('{{next.password}}');
    expect(new URLSearchParams(body.toString()).get('new')).toBe('{{username}}$&');
  });

  it('puts a user name into the path as it is, or refuses it', () => {
    const template = new ChangeTemplate(aRequest({ path: '/users/{{username}}/password' }));
    expect(template.render(VALUES).path).toBe('/users/svc/password');
    for (const username of ['a/b', '..', '.', 'a?b', 'a%2fb', 'a b', 'ä', 'a#b', 'a\\b']) {
      expect(() => template.render({ ...VALUES, username })).toThrow(ChangeRefused);
    }
  });

  it('refuses a value that it needs and that is not there', () => {
    const template = new ChangeTemplate(aRequest());
    expect(() => template.render({ ...VALUES, username: undefined })).toThrow(ChangeRefused);
  });

  it.each<[string, Partial<ChangeRequest>]>([
    ['an unknown placeholder', { fields: { new: '{{next.password}}{{secret}}' } }],
    ['a password in the path', { path: '/users/{{next.password}}' }],
    ['lone braces', { fields: { new: '{{next.password}} }}' } }],
    ['no new password', { fields: { old: '{{current.password}}' } }],
    ['a query', { path: '/password?x=1' }],
    ['a dot segment', { path: '/users/../admin' }],
    ['no slash', { path: 'password' }],
    ['another host', { path: '//evil.example/x' }],
    ['no status', { expect: [] }],
    ['a redirect as success', { expect: [302] }],
    ['another method', { method: 'GET' as 'POST' }],
  ])('is not made with %s', (_, overrides) => {
    expect(() => new ChangeTemplate(aRequest(overrides))).toThrow(ChangerSettingsRefused);
  });
});
