const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

/** What a token endpoint answers: RFC 6749 section 5.1 or 5.2. */
export interface ExchangeAnswer {
  readonly status: number;
  readonly body: {
    readonly access_token?: string;
    readonly error?: string;
    readonly error_description?: string;
  };
}

/** An exchange over HTTP, for a handle to the resource `ledger` unless the parameters say otherwise. */
export async function postExchange(
  origin: string,
  subjectToken: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<ExchangeAnswer> {
  const answer = await fetch(`${origin}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: EXCHANGE,
      subject_token: subjectToken,
      subject_token_type: JWT,
      audience: 'ledger',
      scope: 'ledger.read',
      ...parameters,
    }),
  });
  return { status: answer.status, body: (await answer.json()) as ExchangeAnswer['body'] };
}
