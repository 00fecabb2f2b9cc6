import { TestIssuer } from '#testing';
import { keySetRhythm } from './key-set-rhythm.js';

const rhythm = async (refreshSeconds?: number) => {
  const issuer = await TestIssuer.create({ issuer: 'https://idp.test' });
  const location = {
    kind: 'discovery',
    ...(refreshSeconds === undefined ? {} : { refreshSeconds }),
  } as const;
  return keySetRhythm(issuer.registration({ keys: location }), undefined, 3600);
};

describe('the rhythm in which the keys of an OIDC issuer are asked for', () => {
  it('J-32: refuses a removed key after five minutes', async () => {
    expect(await rhythm()).toEqual({
      refreshAfterSeconds: 240,
      freshForSeconds: 300,
      retryAfterSeconds: 30,
      usableForSeconds: 3600,
    });
  });

  it('J-32: refuses a removed key after the time that is registered', async () => {
    expect(await rhythm(1000)).toMatchObject({ refreshAfterSeconds: 800, freshForSeconds: 1000 });
  });

  it('does not wait longer for the next attempt than that', async () => {
    expect(await rhythm(10)).toMatchObject({ freshForSeconds: 10, retryAfterSeconds: 10 });
  });
});
