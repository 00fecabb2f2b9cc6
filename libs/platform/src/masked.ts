/**
 * What must never stand in a line, whoever wrote it there: handles (also as Basic passwords), JWTs in compact form,
 * and the userinfo of URLs. The last line of defence, not the first. Every part is bounded, so that a hostile line costs little time.
 */
const CONFIDENTIAL = [
  { pattern: /pst_[a-z0-9-]{1,32}_[0-9A-Za-z]{20,}/g, instead: '[redacted]' },
  {
    pattern: /eyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{2,32768}(?:\.[A-Za-z0-9_-]{0,32768}){1,3}/g,
    instead: '[redacted]',
  },
  { pattern: /\b(basic +)[A-Za-z0-9+/]{40,2048}={0,2}/gi, instead: '$1[redacted]' },
  { pattern: /(:\/\/)[^/\s"'@]{1,512}@/g, instead: '$1[redacted]@' },
] as const;

/** The text with what is confidential replaced by `[redacted]`. */
export const masked = (text: string): string =>
  CONFIDENTIAL.reduce((line, { pattern, instead }) => line.replace(pattern, instead), text);
