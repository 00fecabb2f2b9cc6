import { OAuthError } from './oauth-error.js';

const FORM = 'application/x-www-form-urlencoded';
/** Of a form. A reader of requests need not read further than one byte beyond. */
export const BODY_BYTES_MAX = 64 * 1024;
const PARAMETERS_MAX = 32;

const malformed = (detail: string): OAuthError =>
  new OAuthError('invalid_request', 'malformed_request', detail);

/** A POST request as received. */
export interface FormRequest {
  readonly contentType: string | undefined;
  readonly body: string;
  /** What stands behind `?` in the URL. */
  readonly query: string | undefined;
  /** The Authorization header. */
  readonly authorization: string | undefined;
}

/** A form after strict parsing: parameters sent without a value count as not sent (RFC 6749 section 3.2). */
export class Form {
  private constructor(private readonly values: ReadonlyMap<string, readonly string[]>) {}

  /** @throws OAuthError invalid_request for another content type, too much, or what is no form */
  static parse({ contentType, body, query }: Omit<FormRequest, 'authorization'>): Form {
    assertForm(contentType, body, query);
    const pairs = body === '' ? [] : body.split('&');
    if (pairs.length > PARAMETERS_MAX) throw malformed(`more than ${PARAMETERS_MAX} parameters`);
    const values = new Map<string, string[]>();
    for (const [name, value] of pairs.map(decodePair)) {
      if (value !== '') values.set(name, [...(values.get(name) ?? []), value]);
    }
    return new Form(values);
  }

  /** @throws OAuthError when it was sent more than once */
  one(name: string): string | undefined {
    const values = this.values.get(name) ?? [];
    if (values.length > 1) throw malformed(`${name} stands there more than once`);
    return values[0];
  }

  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}

function assertForm(
  contentType: string | undefined,
  body: string,
  query: string | undefined,
): void {
  // RFC 6749 section 2.3.1: no credential stands in a URL, where logs keep it. Neither does anything else of ours.
  if (query !== undefined && query !== '') throw malformed('parameters in the URL');
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== FORM) throw malformed(`content type is not ${FORM}`);
  if (Buffer.byteLength(body) > BODY_BYTES_MAX) throw malformed('body is larger than 64 KiB');
}

function decodePair(pair: string): [name: string, value: string] {
  const split = pair.indexOf('=');
  const name = split === -1 ? pair : pair.slice(0, split);
  const value = split === -1 ? '' : pair.slice(split + 1);
  return [decodePart(name), decodePart(value)];
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw malformedEncoding(error);
  }
}

const malformedEncoding = (cause: unknown): OAuthError =>
  new OAuthError(
    'invalid_request',
    'malformed_request',
    'a parameter is not percent-encoded UTF-8',
    { cause },
  );
