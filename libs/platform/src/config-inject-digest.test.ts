import { inject, injectEntry } from './config-inject.js';

const DIGEST = { as: 'digest', username: 'u', password: 'p' };
const CERTIFICATE = { as: 'client-certificate', certificate: 'c', key: 'k' };

describe('inject: digest and client-certificate', () => {
  it('answers to all algorithms and qop unless told otherwise', () => {
    expect(injectEntry(inject.parse(DIGEST))).toEqual({
      kind: 'digest',
      username: 'u',
      password: 'p',
      algorithms: ['SHA-512-256', 'SHA-256', 'MD5'],
      qop: ['auth', 'auth-int'],
    });
    const narrowed = { ...DIGEST, algorithms: ['SHA-256'], qop: ['auth-int', 'auth'] };
    expect(injectEntry(inject.parse(narrowed))).toMatchObject({
      algorithms: ['SHA-256'],
      qop: ['auth-int', 'auth'],
    });
  });

  it.each([
    { algorithms: [] },
    { algorithms: ['SHA-1'] },
    { algorithms: ['MD5', 'MD5'] },
    { qop: [] },
    { qop: ['auth-conf'] },
  ])('refuses %j', (more) => {
    expect(inject.safeParse({ ...DIGEST, ...more }).success).toBe(false);
  });

  it('takes a passphrase where there is one', () => {
    const { as: kind, ...fields } = CERTIFICATE;
    expect(injectEntry(inject.parse(CERTIFICATE))).toEqual({ kind, ...fields });
    expect(injectEntry(inject.parse({ ...CERTIFICATE, passphrase: 'o' }))).toEqual({
      kind,
      ...fields,
      passphrase: 'o',
    });
    expect(inject.safeParse({ as: 'client-certificate', certificate: 'c' }).success).toBe(false);
  });
});
