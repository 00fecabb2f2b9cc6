import { type OutgoingHttpHeaders, sensitiveHeaders } from 'node:http2';
import { type UpstreamRequest } from '#injection';

/**
 * The header fields of a request as RFC 9113 section 8.3 wants them: names in small letters, Host as `:authority`. None
 * of them may be put into the compression table (RFC 7541 section 7.1.3): any of them may be the secret.
 */
export function http2Headers({ method, path, headers }: UpstreamRequest): OutgoingHttpHeaders {
  const fields = new Map<string, string[]>();
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase();
    const values = fields.get(name) ?? [];
    values.push(headers[index + 1] ?? '');
    fields.set(name, values);
  }
  const [authority] = fields.get('host') ?? [];
  fields.delete('host');
  return {
    ...{ ':method': method, ':scheme': 'https', ':path': path },
    ...(authority === undefined ? {} : { ':authority': authority }),
    ...Object.fromEntries([...fields].map(([name, values]) => [name, oneOrMore(values)])),
    [sensitiveHeaders]: [...fields.keys()],
  };
}

/** Node refuses a list for what may stand once only. */
const oneOrMore = (values: readonly string[]): string | string[] =>
  values.length === 1 ? (values[0] ?? '') : [...values];

/** Names and values in turn, each as bytes, without pseudo-header fields. */
export function receivedFields(raw: readonly string[]): readonly Buffer[] {
  const fields: Buffer[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]];
    if (!name.startsWith(':'))
      fields.push(Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1'));
  }
  return fields;
}
