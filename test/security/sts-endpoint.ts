import { type HttpHost, type ListenAddress, startHttpHost } from '#platform';
import {
  ExchangeUnderTest,
  type ExchangeUnderTestOptions,
  formBody,
  type FormParameters,
} from '#testing';
import { StsModule, type StsParts } from '../../apps/sts/src/sts.module.js';

const FORM = 'application/x-www-form-urlencoded';

/** What is exchanged how, and whose word on the caller is believed. */
export type StsEndpointOptions = ExchangeUnderTestOptions &
  Pick<StsParts, 'trustedProxies' | 'clientCertificateHeader'> &
  Pick<ListenAddress, 'tls'>;

/** The endpoints of an STS over adapters in memory, on a free port. */
export class StsEndpoint {
  private constructor(
    readonly sts: ExchangeUnderTest,
    private readonly host: HttpHost,
    /** What the log would hold. */
    readonly faults: readonly unknown[],
  ) {}

  static async start(options: StsEndpointOptions = {}): Promise<StsEndpoint> {
    const sts = await ExchangeUnderTest.create(options);
    const { ports, trustedProxies = [], clientCertificateHeader, tls } = options;
    const http = { trustedProxies, clientCertificateHeader };
    const faults: unknown[] = [];
    const onFault = (failure: unknown): void => void faults.push(failure);
    const host = await startHttpHost({
      module: StsModule.register(Object.assign(sts, ports, http, { onFault })),
      listen: { host: '127.0.0.1', port: 0, ...(tls === undefined ? {} : { tls }) },
      configure: (app) => StsModule.configure(app),
    });
    return new StsEndpoint(sts, host, faults);
  }

  get port(): number {
    return this.host.address.port;
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { redirect: 'error', ...init });
  }

  /** Posts a form, with these headers beside its content type. */
  post(
    path: string,
    parameters: FormParameters,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': FORM, ...headers },
      body: formBody(parameters),
    });
  }

  /** Posts a body as it stands, and a content type when one is named. */
  postBody(path: string, body: string | undefined, contentType?: string): Promise<Response> {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    return this.request(path, {
      method: 'POST',
      headers: contentType === undefined ? {} : { 'content-type': contentType },
      ...(bytes === undefined ? {} : { body: bytes }),
    });
  }

  close(): Promise<void> {
    return this.host.close(0);
  }
}

/** RFC 6749 section 5.2. */
const DESCRIPTION = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;

/** What an error answer says, after a look at its form. */
export interface ErrorBody {
  readonly error: string;
  readonly error_description: string;
}

export async function errorOf(response: Response): Promise<ErrorBody> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const body = (await response.json()) as ErrorBody;
  expect(Object.keys(body).sort()).toEqual(['error', 'error_description']);
  expect(body.error_description).toMatch(DESCRIPTION);
  return body;
}
