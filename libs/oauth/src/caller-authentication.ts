import { type WorkloadIdentity } from '#identity';
import { type CallerContext, certificateChainOf } from './caller-context.js';
import { type ClientAssertions } from './client-assertions.js';
import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';
import { presentedCredentials } from './presented-credentials.js';
import { type SvidAuthentication } from './svid-authentication.js';

export interface CallerAuthenticationParts {
  readonly assertions: ClientAssertions;
  readonly svids: SvidAuthentication;
}

/**
 * Who the caller is, apart from what it presents: by a client assertion, or by an X.509-SVID whose SPIFFE ID it names as
 * `client_id`. Nobody has to; but whoever tries must be who it says. There are no registered clients and no secrets.
 */
export class CallerAuthentication {
  constructor(private readonly parts: CallerAuthenticationParts) {}

  /** Undefined for a caller that does not try. @throws OAuthError, DependencyUnavailable */
  async authenticate(
    authorization: string | undefined,
    form: Form,
    context: CallerContext,
  ): Promise<WorkloadIdentity | undefined> {
    const presented = presentedCredentials(authorization, form);
    if (presented.kind === 'assertion') {
      return (await this.parts.assertions.authenticate(form)).identity;
    }
    if (presented.kind !== 'none') throw unregistered(presented.kind);
    const clientId = form.one('client_id');
    if (clientId?.startsWith('spiffe://') !== true) return undefined;
    return this.parts.svids.authenticate(clientId, certificateChainOf(context));
  }
}

const unregistered = (kind: string): OAuthError =>
  new OAuthError(
    'invalid_client',
    'invalid_client',
    `client authentication by ${kind}: there are no registered clients`,
  );
