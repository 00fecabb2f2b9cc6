import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCertificate } from './test-certificates.js';

/** What a destination over TLS proves itself with. */
export interface DestinationCertificate {
  readonly authority: TestCertificate;
  /** For its server. */
  readonly pair: { readonly cert: string; readonly key: string };
  /** For its registration: the certificate of the authority. */
  readonly caFile: string;
}

/** A certificate for the name, of an authority of its own. */
export async function destinationCertificate(name: string): Promise<DestinationCertificate> {
  const authority = await TestCertificate.selfSigned();
  const { pem, keyPem } = await authority.issue({ authority: false, dnsNames: [name] });
  const caFile = join(mkdtempSync(join(tmpdir(), 'postern-test-h2-')), 'ca.pem');
  writeFileSync(caFile, authority.pem);
  return { authority, pair: { cert: pem, key: keyPem }, caFile };
}
