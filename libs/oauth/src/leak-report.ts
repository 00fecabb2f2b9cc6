import { type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import { LeakReportRefused } from './leak-report-refused.js';

/** Of one report, as its bytes; and found strings in it. Signing a larger one is no reason to read it. */
export const LEAK_REPORT_BYTES_MAX = 1024 * 1024;
export const LEAKS_MAX = 500;
const FOUND_CHARACTERS_MAX = 4096;
const TYPE_CHARACTERS_MAX = 256;
const URL_CHARACTERS_MAX = 4096;
/** DER of ECDSA with P-256 is at most 72 bytes. */
const SIGNATURE_CHARACTERS_MAX = 128;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** One string that was found in public. It goes nowhere but into a digest. */
export interface FoundLeak {
  readonly found: string;
  /** As the provider calls what looks like it. */
  readonly type: string;
  /** Where it was found; undefined: that is not told. */
  readonly url: string | undefined;
}

const leaks = z
  .array(
    z.object({
      token: z.string().min(1).max(FOUND_CHARACTERS_MAX),
      type: z.string().max(TYPE_CHARACTERS_MAX),
      url: z.string().max(URL_CHARACTERS_MAX).optional(),
    }),
  )
  .min(1)
  .max(LEAKS_MAX);

/**
 * GitHub secret scanning partner program, "Create a secret alert service": an array of token, type, url and source. What
 * it does not name is passed over. @throws LeakReportRefused, which repeats nothing of it
 */
export function parseLeakReport(body: Uint8Array): readonly FoundLeak[] {
  const { data } = leaks.safeParse(jsonOf(body));
  if (data === undefined) throw new LeakReportRefused('malformed');
  return data.map(({ token: found, type, url }) => ({
    found,
    type,
    url: url === '' ? undefined : url,
  }));
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** "Implement signature verification": ECDSA with P-256 and SHA-256 over the bytes of the body, base64 of DER. */
export const isSignedBy = (key: KeyObject, body: Uint8Array, signature: string): boolean =>
  signature.length <= SIGNATURE_CHARACTERS_MAX &&
  BASE64.test(signature) &&
  verify('sha256', body, { key, dsaEncoding: 'der' }, Buffer.from(signature, 'base64'));
