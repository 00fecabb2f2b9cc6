import { digestOf, digestResponse } from './digest-response.js';

const ha1 = (algorithm: 'MD5' | 'SHA-256' | 'SHA-512-256', text: string): string =>
  digestOf(algorithm, Buffer.from(text, 'utf8'));

describe('digest responses', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('are those of RFC 7616 section 3.9.1 for %s', (algorithm, expected) => {
    const proof = {
      algorithm,
      ha1: ha1(algorithm, 'Mufasa:http-auth@example.org:Circle of Life'),
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      qop: 'auth',
    } as const;
    const request = { method: 'GET', uri: '/dir/index.html', body: undefined };
    expect(digestResponse(proof, request)).toBe(expected);
  });

  it('are those of RFC 7616 section 3.9.2, as erratum 4897 corrects it, for SHA-512-256', () => {
    const proof = {
      algorithm: 'SHA-512-256',
      ha1: ha1('SHA-512-256', 'Jäsøn Doe:api@example.org:Secret, or not?'),
      nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
      nc: '00000001',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
      qop: 'auth',
    } as const;
    const request = { method: 'GET', uri: '/doe.json', body: undefined };
    expect(digestResponse(proof, request)).toBe(
      '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
    );
    expect(ha1('SHA-512-256', 'Jäsøn Doe:api@example.org')).toBe(
      '793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b',
    );
  });
});
