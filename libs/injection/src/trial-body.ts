import { type Injection } from './injection.js';
import { SOAP_NAMESPACES } from './injectors/soap-envelope.js';

export interface TrialBody {
  /** Name, value ... */
  readonly headers: readonly string[];
  readonly bytes: Buffer;
}

const withType = (type: string, text: string): TrialBody => ({
  headers: ['content-type', type],
  bytes: Buffer.from(text),
});

/** The smallest body that an injection which writes into the body can be put on; undefined where it needs none. */
export function trialBody(injection: Injection, method: string): TrialBody | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (injection.kind === 'body-field') {
    return injection.format === 'form'
      ? withType('application/x-www-form-urlencoded', '')
      : withType('application/json', '{}');
  }
  return injection.kind === 'soap-username-token' ? emptyMessage(injection.soap) : undefined;
}

function emptyMessage(soap: '1.1' | '1.2' | 'auto'): TrialBody {
  const version = soap === '1.2' ? '1.2' : '1.1';
  const type = version === '1.2' ? 'application/soap+xml' : 'text/xml';
  const envelope = `<e:Envelope xmlns:e="${SOAP_NAMESPACES[version]}"><e:Body/></e:Envelope>`;
  return withType(type, envelope);
}
