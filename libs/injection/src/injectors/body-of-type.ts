import { foldedName } from '../header-names.js';
import { type OutgoingDraft } from './injector.js';
import { unsuitableRequest } from './unsuitable-request.js';

/**
 * The body of the draft, which is there and of one media type that `isMediaType` takes (in lower case), in UTF-8 and not
 * compressed.
 * @throws CallDenied
 */
export function bodyOfType(draft: OutgoingDraft, isMediaType: (type: string) => boolean): Buffer {
  if (draft.body === undefined)
    throw unsuitableRequest('the call has no body to put the secret into');
  const codings = headerValues(draft, 'content-encoding');
  if (codings.some((coding) => coding.trim().toLowerCase() !== 'identity')) {
    throw unsuitableRequest('the body is compressed');
  }
  const types = headerValues(draft, 'content-type');
  const [mediaType = '', ...parameters] = types.join(',').toLowerCase().split(';');
  if (types.length !== 1 || types[0]?.includes(',') === true || !isMediaType(mediaType.trim())) {
    throw unsuitableRequest('the body is not of the one media type that takes the secret');
  }
  if (!parameters.every(isReadableCharset)) throw unsuitableRequest('the body is not in UTF-8');
  return draft.body;
}

/** Another encoding would make other names of the same bytes. */
const isReadableCharset = (parameter: string): boolean =>
  !parameter.includes('charset') || /^ *charset=("?)(?:utf-8|us-ascii)\1 *$/.test(parameter);

function headerValues({ headers }: OutgoingDraft, folded: string): readonly string[] {
  return headers.filter(
    (_, index) => index % 2 === 1 && foldedName(headers[index - 1] ?? '') === folded,
  );
}
