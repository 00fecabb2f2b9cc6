import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { type ChangerTls } from './changer-settings.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';

/** What a verified connection is made with. */
export interface ServerTls {
  /** PEM; undefined: the authorities of the system. */
  readonly ca: string | undefined;
  /** The name that the certificate must have. */
  readonly serverName: string;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/**
 * Undefined: no TLS. The file is read once, here.
 * @throws ChangerSettingsRefused for a file that is no certificate, and for `off` to elsewhere than loopback
 */
export function serverTls(tls: ChangerTls | undefined, host: string): ServerTls | undefined {
  if (tls === 'off') {
    if (LOOPBACK.test(host)) return undefined;
    throw new ChangerSettingsRefused(
      `rotation.change.tls: off is for a loopback address, and ${host} is none: give caFile, or write { off: "<why>" }`,
    );
  }
  if (tls !== undefined && 'off' in tls) {
    if (tls.off.trim() !== '') return undefined;
    throw new ChangerSettingsRefused('rotation.change.tls.off must say why');
  }
  return { ca: authorities(tls?.caFile), serverName: tls?.serverName ?? host };
}

/** For node:tls and what hands its options on: always verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
export const tlsOptions = ({ ca, serverName }: ServerTls): ConnectionOptions => ({
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  ...(ca === undefined ? {} : { ca }),
  // RFC 6066 section 3: no address is sent as a name.
  ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
  checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
});

function authorities(caFile: string | undefined): string | undefined {
  if (caFile === undefined) return undefined;
  let pem: string;
  try {
    pem = readFileSync(caFile, 'utf8');
  } catch (cause) {
    throw new ChangerSettingsRefused(
      `rotation.change.tls.caFile names a file that cannot be read: ${caFile}`,
      { cause },
    );
  }
  // Without this an empty file would mean "trust the public authorities".
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ChangerSettingsRefused(
      `rotation.change.tls.caFile names a file without a certificate: ${caFile}`,
    );
  }
  return pem;
}
