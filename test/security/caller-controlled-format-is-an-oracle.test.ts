import fc from 'fast-check';
import { CallPath } from './call-path.js';

const SECRET = 'the-api-key-1987';
const NAMES = [
  ...[
    'X-Postern-Format',
    'Postern-Inject',
    'Postern-Header',
    'Proxy-Tokenizer',
    'X-Format',
    'X-Template',
  ],
  ...['X-Inject-As', 'Proxy-Authorization', 'X-Dst', 'X-Fmt', 'X-Api-Key-Format', 'X-Api-Key'],
];
const MARKS = [
  ...[
    '{value}',
    '${value}',
    '%s',
    '%[1]s',
    '{{value}}',
    '{username}',
    '{password}',
    '%x',
    '{0}',
    '$1',
    '$&',
  ],
  ...[
    '{"dst":"X-Echo","fmt":"%s"}',
    'fmt=%s',
    'dst=X-Echo',
    '{value',
    'k={value}',
    '\\u007bvalue}',
    '$(value)',
  ],
];

/**
 * Caller-controlled format is an oracle: tokenizer GHSA-f28g-86hc-823q. Where and in what form a secret is put on a call
 * stands in the registration alone; what a caller writes is never a template.
 */
describe('the form of an injected secret', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start({
      registration: { inject: { kind: 'header', name: 'X-Api-Key', template: 'k={value}' } },
      secret: { value: SECRET },
      respond: (request, response) => response.end(request.url),
    });
  });
  afterAll(() => path.stop());

  it('is that of the registration, whatever a caller writes into headers, query, path and body', async () => {
    const mark = fc.constantFrom(...MARKS);
    const call = fc.record({
      name: fc.constantFrom(...NAMES),
      header: mark,
      query: mark,
      segment: mark,
      body: mark,
    });
    const property = fc.asyncProperty(call, async ({ name, header, query, segment, body }) => {
      const escaped = encodeURIComponent(segment.replaceAll(/[\\%]/g, ''));
      const target = `/accounts/${escaped}?format=${encodeURIComponent(query)}`;
      const answer = await path.call(`/proxy/ledger${target}`, {
        headers: { [name]: header, 'content-length': String(body.length) },
        body,
      });
      expect([answer.status, answer.body]).toEqual([200, `/api${target}`]);
      const seen = path.backend.seen.at(-1)!;
      const injected = seen.rawHeaders.filter((text) => text.includes(SECRET));
      expect(injected).toEqual([`k=${SECRET}`]);
      expect(seen.rawHeaders[seen.rawHeaders.indexOf(`k=${SECRET}`) - 1]).toBe('X-Api-Key');
      expect([await seen.body, seen.url.includes(SECRET)]).toEqual([body, false]);
    });
    await fc.assert(property, { numRuns: 100 });
  });
});
