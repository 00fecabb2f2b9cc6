import { Secret } from '#kernel';
import { namespaceOf } from './wrap-namespace.js';

const of = (text: string): string | undefined => namespaceOf(Secret.of(text));
const signed = (inner: string, after = ''): string =>
  `hvs.${Buffer.from(`\x08\x01\x12\x20${'\xfe.hvs.'.repeat(6)}\x1a\x24\x0a\x22${inner}${after}`, 'latin1').toString('base64url')}`;

describe('the namespace of a wrapping token', () => {
  it.each([
    ['of OpenBao', 's.38GBOYNicWSIJPQZI2PQMCl3'],
    ['of Vault before 1.10', 'hvs.38GBOYNicWSIJPQZI2PQMCl3'],
    ['of Vault', signed('hvs.5plJaDCxdpZZZi3XMcRvdnXX')],
    ['of Vault with more behind it', signed('hvs.5plJaDCxdpZZZi3XMcRvdnXX', '\x10\x07')],
    [
      'as Vault prints one',
      'hvs.CAESIIKmFRNNJnGtpY204WMmkfoaLndJkBd0ZG4ZVtaan81lGh4KHGh2cy41cGxKYURDeGRwWlpaaTNYTWNSdmRuWFg',
    ],
  ])('is the root one of a token %s', (_what, text) => {
    expect(of(text)).toBeUndefined();
  });

  it.each([
    ['of OpenBao', 's.38GBOYNicWSIJPQZI2PQMCl3.XgtkxK', 'XgtkxK'],
    ['with two of them', 's.38GBOYNicWSIJPQZI2PQMCl3.XgtkxK.root', 'XgtkxK.root'],
    ['with an empty one', 's.38GBOYNicWSIJPQZI2PQMCl3.', ''],
    ['of Vault before 1.10', 'hvs.38GBOYNicWSIJPQZI2PQMCl3.w13yr', 'w13yr'],
    ['of Vault', signed('hvs.YzQD7DENwWdZFEiqttwwHHR2.w13yr'), 'w13yr'],
    [
      'of Vault with more behind it',
      signed('hvs.YzQD7DENwWdZFEiqttwwHHR2.w13yr', '\x10\x07'),
      'w13yr',
    ],
    [
      'as Vault prints one',
      'hvs.CAESILNnfxufSwP8Nhoiv3fwE5govVuMae8BT_dlSQlOjykgGiQKImh2cy5ZelFEN0RFTndXZFpGRWlxdHR3d0hIUjIudzEzeXI',
      'w13yr',
    ],
    ['that is signed, and not as we know it', `hvs.${'A'.repeat(95)}`, '?'],
  ])('is told by a token %s', (_what, text, namespace) => {
    expect(of(text)).toBe(namespace);
  });
});
