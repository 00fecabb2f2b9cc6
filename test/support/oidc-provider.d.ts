/** The part of npm `oidc-provider`, which ships no types, that tests use. */
declare module 'oidc-provider' {
  import { type IncomingMessage, type ServerResponse } from 'node:http';

  /** A client, or the client of a token. */
  export interface ProviderClient {
    readonly clientId: string;
  }

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  }
}
