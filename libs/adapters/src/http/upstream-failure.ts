import { UpstreamFailed } from '#injection';

const TIMEOUTS: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);
const CUT: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_CANCEL',
  'ERR_HTTP2_STREAM_ERROR',
  'UND_ERR_ABORTED',
  'UND_ERR_INFO',
  'UND_ERR_SOCKET',
]);
const REFUSED: ReadonlySet<string> = new Set(['ERR_ADDRESS_REFUSED', 'ERR_ORIGIN_MISMATCH']);

/**
 * What an error of undici or node:http2 means, by its code alone and without it as a cause: they carry pieces of what was received.
 * `started`: the request was being written.
 */
export function upstreamFailure(error: Error, origin: string, started: boolean): UpstreamFailed {
  const code = codeOf(error);
  return new UpstreamFailed(conditionOf(code, started), `${origin}: ${code}`);
}

function conditionOf(code: string, started: boolean): UpstreamFailed['condition'] {
  if (TIMEOUTS.has(code)) return 'timeout';
  if (REFUSED.has(code)) return 'refused-address';
  if (!started) return 'unreachable';
  return CUT.has(code) ? 'aborted' : 'protocol';
}

/** Several addresses were tried: the first tells why. */
function codeOf(error: Error): string {
  const one = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  const code = (one as { code?: unknown } | undefined)?.code ?? (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}
