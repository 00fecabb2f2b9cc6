import { isNamed } from '../header-values.js';
import { type IncomingCall } from '../incoming-call.js';
import { askedRange } from './byte-range.js';
import { type AskedResponse } from './response-plan.js';

/** What of the caller's request shapes the response. Two Range headers are none. */
export function askedResponse({
  method = '',
  rawHeaders,
}: Pick<IncomingCall, 'method' | 'rawHeaders'>): AskedResponse {
  const ranges: string[] = [];
  let ifRange: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (isNamed(name, 'range')) ranges.push(rawHeaders[index + 1] ?? '');
    else if (isNamed(name, 'if-range')) ifRange = rawHeaders[index + 1];
  }
  const [range] = ranges;
  return {
    method,
    range: range === undefined || ranges.length > 1 ? undefined : askedRange(range),
    ifRange,
  };
}
