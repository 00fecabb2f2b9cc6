import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Extension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const KEYS = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384' },
  Ed25519: { name: 'Ed25519' },
  RSA: rsa(2048, [1, 0, 1]),
  'RSA-1024': rsa(1024, [1, 0, 1]),
  'RSA with exponent 3': rsa(2048, [3]),
} as const;
export type TestKeyKind = keyof typeof KEYS;

function rsa(modulusLength: number, exponent: readonly number[]) {
  const publicExponent = Uint8Array.from(exponent);
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent };
}

export type TestKeyUsage = 'digitalSignature' | 'keyEncipherment' | 'keyCertSign' | 'cRLSign';

export interface TestExtension {
  /** Object identifier, dotted. */
  readonly type: string;
  readonly critical: boolean;
  readonly der: Uint8Array;
}

export interface TestCertificateOptions {
  /** Default `CN=<a random word>`. */
  readonly subject?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** URI names; default none. */
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** basicConstraints; `false` writes cA: FALSE, `none` leaves the extension out. */
  readonly authority?: boolean | 'none';
  readonly pathLength?: number;
  /** Default keyCertSign of an authority, digitalSignature of another; an empty one leaves the extension out. */
  readonly keyUsages?: readonly TestKeyUsage[];
  readonly extendedKeyUsages?: readonly string[];
  readonly key?: TestKeyKind;
  /** Of the signature; default SHA-256. */
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384';
  /** Put behind the others as they are. */
  readonly extensions?: readonly TestExtension[];
  /** DER of a public key to certify in place of its own. */
  readonly publicKeyDer?: Uint8Array;
}

/** A certificate with its key, made for a test. As an authority it issues others. */
export class TestCertificate {
  private constructor(
    readonly der: Buffer,
    private readonly subject: string,
    private readonly keys: webcrypto.CryptoKeyPair,
  ) {}

  /** Self-signed; an authority unless told otherwise. */
  static selfSigned(options: TestCertificateOptions = {}): Promise<TestCertificate> {
    return TestCertificate.#make({ authority: true, ...options }, undefined);
  }

  /** Signed by this one, whatever this one may do. */
  issue(options: TestCertificateOptions = {}): Promise<TestCertificate> {
    return TestCertificate.#make(options, this);
  }

  /** An X.509-SVID as SPIRE makes them. */
  svid(spiffeId: string, options: TestCertificateOptions = {}): Promise<TestCertificate> {
    return this.issue({ uris: [spiffeId], authority: false, ...options });
  }

  intermediate(options: TestCertificateOptions = {}): Promise<TestCertificate> {
    return this.issue({ authority: true, ...options });
  }

  get pem(): string {
    const lines = this.der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }

  get keyPem(): string {
    const exported = KeyObject.from(this.keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
    return exported.toString();
  }

  static async #make(
    options: TestCertificateOptions,
    issuer: TestCertificate | undefined,
  ): Promise<TestCertificate> {
    const algorithm = KEYS[options.key ?? 'P-256'];
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair;
    const { hash = 'SHA-256', subject = `CN=${randomBytes(6).toString('hex')}` } = options;
    const signingKey = (issuer === undefined ? keys : issuer.keys).privateKey;
    const made = await X509CertificateGenerator.create({
      serialNumber: `01${randomBytes(8).toString('hex')}`,
      subject,
      issuer: issuer?.subject ?? subject,
      notBefore: options.notBefore ?? new Date('2020-01-01T00:00:00Z'),
      notAfter: options.notAfter ?? new Date('2049-01-01T00:00:00Z'),
      publicKey: options.publicKeyDer ?? keys.publicKey,
      signingKey,
      signingAlgorithm: { ...signingKey.algorithm, hash },
      extensions: extensionsOf(options),
    });
    return new TestCertificate(Buffer.from(made.rawData), subject, keys);
  }
}

function extensionsOf(options: TestCertificateOptions): Extension[] {
  const { authority = 'none', pathLength, extendedKeyUsages, extensions = [] } = options;
  return [
    ...(authority === 'none' ? [] : [new BasicConstraintsExtension(authority, pathLength, true)]),
    ...keyUsageOf(options),
    ...alternativeNamesOf(options),
    ...(extendedKeyUsages ? [new ExtendedKeyUsageExtension([...extendedKeyUsages])] : []),
    ...extensions.map(({ type, critical, der }) => new Extension(type, critical, der)),
  ];
}

function keyUsageOf({ authority, keyUsages }: TestCertificateOptions): Extension[] {
  const usages = keyUsages ?? [authority === true ? 'keyCertSign' : 'digitalSignature'];
  const [first, ...others] = usages.map((usage) => KeyUsageFlags[usage]);
  if (first === undefined) return [];
  return [
    new KeyUsagesExtension(
      others.reduce((all, flag) => all | flag, first),
      true,
    ),
  ];
}

function alternativeNamesOf({ uris = [], dnsNames = [] }: TestCertificateOptions): Extension[] {
  const names = [
    ...uris.map((value) => ({ type: 'url', value }) as const),
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
  ];
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
}
