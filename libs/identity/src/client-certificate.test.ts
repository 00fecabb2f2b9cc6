import { X509Certificate } from 'node:crypto';
import { TestCertificate } from '#testing';
import { x5tS256Of } from './client-certificate.js';

describe('x5t#S256 of a client certificate', () => {
  it('C-06: is the SHA-256 fingerprint of the DER, base64url without padding', async () => {
    const { der, pem } = await TestCertificate.selfSigned();
    const fingerprint = new X509Certificate(pem).fingerprint256.replaceAll(':', '');
    expect(x5tS256Of(der)).toBe(Buffer.from(fingerprint, 'hex').toString('base64url'));
    expect(x5tS256Of(der)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('C-06: differs between two certificates of one key and one name', async () => {
    const authority = await TestCertificate.selfSigned();
    const one = await authority.svid('spiffe://prod.example/ns/pay');
    const publicKeyDer = new X509Certificate(one.der).publicKey.export({
      type: 'spki',
      format: 'der',
    });
    const other = await authority.svid('spiffe://prod.example/ns/pay', { publicKeyDer });
    expect(x5tS256Of(other.der)).not.toBe(x5tS256Of(one.der));
  });
});
