import { Secret } from '#kernel';
import { FixedClock, TestCertificate } from '#testing';
import { injectClientCertificate } from './client-certificate.js';
import { CredentialFieldMissing, CredentialUnusable } from './credential-unusable.js';
import { type Injector } from './injector.js';

const INJECT = { kind: 'client-certificate', certificate: 'certificate', key: 'key' } as const;
const draft = { method: 'GET', path: '/', query: '', headers: [], body: undefined };

const prepared = (secret: Readonly<Record<string, string>>, clock = new FixedClock()): Injector =>
  injectClientCertificate(
    { ...INJECT, ...('passphrase' in secret ? { passphrase: 'passphrase' } : {}) },
    new Map(Object.entries(secret).map(([name, value]) => [name, Secret.of(value)])),
    clock,
  );

describe('injecting a client certificate', () => {
  let leaf: TestCertificate;
  let other: TestCertificate;
  beforeAll(async () => {
    leaf = await TestCertificate.selfSigned({ key: 'RSA' });
    other = await TestCertificate.selfSigned();
  });

  it('is the identity of connections, and puts nothing on the request', () => {
    const injector = prepared({ certificate: `Bag\n${leaf.pem}`, key: leaf.keyPem });
    void injector.inject(draft);
    expect(draft.headers).toEqual([]);
    expect(injector.tlsIdentity).toEqual({ certificate: leaf.pem.trim(), key: leaf.keyPem });
  });

  it('keeps every line of the key confidential, and nothing of the certificate', () => {
    const { confidential } = prepared({ certificate: leaf.pem, key: leaf.keyPem });
    const lines = leaf.keyPem.split('\n').filter((line) => !line.startsWith('-'));
    expect(lines.length).toBeGreaterThan(20);
    expect(
      lines.filter((line) => line.length === 64).every((line) => confidential.includes(line)),
    ).toBe(true);
    expect(leaf.pem.split('\n').filter((line) => confidential.includes(line))).toEqual([]);
  });

  it('refuses what cannot be used, and tells the field', () => {
    const good = { certificate: leaf.pem, key: leaf.keyPem };
    const refused = [
      [{ ...good, key: other.keyPem }, /"key".*is not the key/],
      [{ ...good, key: 'x' }, /"key".*no private key/],
      [{ ...good, key: leaf.pem }, /"key".*no private key/],
      [{ ...good, certificate: leaf.keyPem }, /"certificate".*no certificate/],
      [{ ...good, certificate: other.pem + leaf.pem }, /"key".*is not the key/],
      [{ ...good, certificate: leaf.pem.repeat(11) }, /more than 10/],
      [
        { ...good, certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
        /"certificate".*cannot be read: number 1/,
      ],
      [{ ...good, key: leaf.keyPem + ' '.repeat(65_536) }, /longer than 65536/],
    ] as const;
    for (const [secret, message] of refused) {
      expect(() => prepared(secret)).toThrow(CredentialUnusable);
      expect(() => prepared(secret)).toThrow(message);
    }
    expect(() => prepared({ key: leaf.keyPem })).toThrow(CredentialFieldMissing);
  });

  it('refuses each call outside of the validity of the certificate', async () => {
    const shortLived = await TestCertificate.selfSigned({
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2026-01-02T00:00:00Z'),
    });
    const clock = new FixedClock();
    const injector = prepared({ certificate: shortLived.pem, key: shortLived.keyPem }, clock);
    const at = (time: string): (() => void) => {
      return () => {
        clock.set(new Date(time));
        void injector.inject(draft);
      };
    };
    expect(at('2025-12-31T23:59:59Z')).toThrow(/not valid yet/);
    expect(at('2026-01-01T00:00:00Z')).not.toThrow();
    expect(at('2026-01-02T00:00:00Z')).not.toThrow();
    expect(at('2026-01-02T00:00:01Z')).toThrow(/has expired/);
  });
});
