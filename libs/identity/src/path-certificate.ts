import 'reflect-metadata'; // What @peculiar/x509 is built on needs it.
import { X509Certificate as NativeCertificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509';
import { certificateKeyProblem } from './certificate-key.js';

/** No certificate of a workload or of its authorities comes near. */
const CERTIFICATE_BYTES_MAX = 16 * 1024;

const NAME_CONSTRAINTS = '2.5.29.30';
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';

/** Extensions that are judged here, by object identifier: subjectAltName, basicConstraints, keyUsage, extKeyUsage. */
const JUDGED: ReadonlySet<string> = new Set(['2.5.29.17', '2.5.29.19', '2.5.29.15', '2.5.29.37']);
const SIGNATURES: ReadonlySet<string> = new Set(['ECDSA', 'RSASSA-PKCS1-v1_5', 'Ed25519']);
const HASHES: ReadonlySet<string | undefined> = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

interface Fields {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** URI names of the subject, as written. */
  readonly uris: readonly string[];
  readonly isAuthority: boolean;
  /** How many authorities may stand between this one and the leaf. */
  readonly pathLength: number;
  readonly keyUsages: KeyUsageFlags | undefined;
  /** Whether extKeyUsage is absent, or names the authentication of clients. */
  readonly servesClients: 'always' | 'named' | 'any' | 'no';
}

/**
 * A certificate that may stand in a certification path: wholly read, of a strong key and signature, and without any rule
 * that would go unjudged.
 */
export class PathCertificate {
  private constructor(
    private readonly native: NativeCertificate,
    readonly fields: Fields,
  ) {}

  /** The certificate of the DER, or a sentence on why it may not stand in a path. */
  static from(der: Uint8Array): PathCertificate | string {
    if (der.length > CERTIFICATE_BYTES_MAX)
      return `it has more than ${CERTIFICATE_BYTES_MAX} bytes`;
    try {
      const native = new NativeCertificate(der);
      // Written anew it must be the same, so that both readers have read one thing.
      if (!native.raw.equals(der)) return 'it is not one certificate in DER';
      const parsed = new X509Certificate(der);
      const problem = extensionProblem(parsed) ?? signatureProblem(parsed);
      return (
        problem ??
        certificateKeyProblem(native.publicKey) ??
        new PathCertificate(native, fieldsOf(parsed))
      );
    } catch {
      return 'it cannot be read';
    }
  }

  isValidAt(now: Date): boolean {
    // RFC 5280 section 4.1.2.5: both ends belong to the period.
    return this.fields.notBefore <= now && now <= this.fields.notAfter;
  }

  names(usage: keyof typeof KeyUsageFlags): boolean {
    return ((this.fields.keyUsages ?? 0) & KeyUsageFlags[usage]) !== 0;
  }

  /** Whether `issuer` bears the name of its issuer, and its signature verifies by the key of `issuer`. */
  isSignedBy(issuer: PathCertificate): boolean {
    if (this.fields.issuer !== issuer.fields.subject) return false;
    try {
      return this.native.verify(issuer.native.publicKey);
    } catch {
      return false; // A signature of another kind than the key.
    }
  }
}

/** RFC 5280 section 4.2: none twice, and none that is critical and not understood. */
function extensionProblem({ extensions }: X509Certificate): string | undefined {
  const seen = new Set<string>();
  for (const { type, critical } of extensions) {
    if (seen.has(type)) return 'it has an extension twice';
    seen.add(type);
    // X509-SVID section 4.2: who does not judge them rejects certificates that have them, critical or not.
    if (type === NAME_CONSTRAINTS) return 'it has name constraints, which are not supported';
    if (critical && !JUDGED.has(type)) return 'it has a critical extension that is not supported';
  }
  return undefined;
}

function signatureProblem({ signatureAlgorithm }: X509Certificate): string | undefined {
  const { name, hash } = signatureAlgorithm as { name: string; hash?: { name: string } };
  if (!SIGNATURES.has(name)) return 'it is signed by an algorithm that is not accepted';
  if (name === 'Ed25519' || HASHES.has(hash?.name)) return undefined;
  return 'it is signed over a hash that is not accepted';
}

function fieldsOf(parsed: X509Certificate): Fields {
  const constraints = parsed.getExtension(BasicConstraintsExtension);
  const names = parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    subject: parsed.subject,
    issuer: parsed.issuer,
    notBefore: parsed.notBefore,
    notAfter: parsed.notAfter,
    uris: names.filter(({ type }) => type === 'url').map(({ value }) => value),
    isAuthority: constraints?.ca ?? false,
    pathLength: constraints?.pathLength ?? Number.POSITIVE_INFINITY,
    keyUsages: parsed.getExtension(KeyUsagesExtension)?.usages,
    servesClients: servesClients(parsed.getExtension(ExtendedKeyUsageExtension)?.usages),
  };
}

function servesClients(usages: readonly unknown[] | undefined): Fields['servesClients'] {
  if (usages === undefined) return 'always';
  if (usages.includes(CLIENT_AUTHENTICATION)) return 'named';
  return usages.includes(ANY_EXTENDED_KEY_USAGE) ? 'any' : 'no';
}
