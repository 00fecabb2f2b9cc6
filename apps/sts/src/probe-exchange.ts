import { type ProbeAnswer, type ProbeResponse, type ProbeTarget } from '#platform';

/** An exchange that must be refused. */
export interface ProbedExchange {
  readonly subjectToken: string;
  readonly audience: string;
  readonly scope: string;
  /** Error codes that say that what was to be tried was refused. */
  readonly refusals: readonly string[];
  /** Error codes that say that the token was believed, and only what it asked for was not permitted. */
  readonly beliefs: readonly string[];
  /** For the operator: what it would mean to permit it. */
  readonly tried: string;
}

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
/** The revocation of what should not be there has its own time: it must not be lost to that of the exchange. */
const REVOCATION_TIMEOUT_MS = 5_000;

/** Asks for it, and revokes at once what comes back against all rules. */
export async function probeExchange(
  target: ProbeTarget,
  exchange: ProbedExchange,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const { subjectToken, audience, scope } = exchange;
  const body = new URLSearchParams({
    grant_type: GRANT_TYPE,
    subject_token: subjectToken,
    subject_token_type: JWT_TYPE,
    audience,
    scope,
  }).toString();
  const asked = { method: 'POST', path: '/oauth2/token', headers: FORM, body, signal } as const;
  const answer = await target.ask(asked, exchangeAnswer);
  if (answer.handle === undefined) return judge(answer, exchange);
  return {
    outcome: 'breached',
    permitted: exchange.tried,
    detail: `${told(answer)} with a handle; ${await revoke(target, answer.handle)}`,
  };
}

interface ExchangeAnswer {
  readonly status: number;
  readonly error: string | undefined;
  readonly correlationId: string;
  /** Never told to anybody but the revocation endpoint. */
  readonly handle: string | undefined;
}

async function exchangeAnswer(response: ProbeResponse): Promise<ExchangeAnswer> {
  const { access_token: handle, error } = members(await response.text());
  return {
    status: response.status,
    correlationId: response.correlationId ?? 'without correlation id',
    error: typeof error === 'string' && /^[a-z_]{1,64}$/.test(error) ? error : undefined,
    handle: typeof handle === 'string' && handle !== '' ? handle : undefined,
  };
}

/** RFC 6749 section 5.2: a refusal is 400 with an error code. */
function judge(answer: ExchangeAnswer, exchange: ProbedExchange): ProbeAnswer {
  const { status, error = '' } = answer;
  if (status === 400 && exchange.refusals.includes(error)) return { outcome: 'refused' };
  if (status === 400 && exchange.beliefs.includes(error)) {
    const detail = `${told(answer)}: the token was believed, and only what it asked for refused`;
    return { outcome: 'breached', permitted: exchange.tried, detail };
  }
  const expected = exchange.refusals.join(' or ');
  return { outcome: 'unreachable', reason: `${told(answer)}; expected 400 ${expected}` };
}

const told = ({ status, error, correlationId }: ExchangeAnswer): string =>
  `answered ${[status, ...(error === undefined ? [] : [error])].join(' ')} (${correlationId})`;

/** RFC 7009. Resolves to what became of it, for the operator. */
async function revoke(target: ProbeTarget, handle: string): Promise<string> {
  const status = await target
    .ask(
      {
        method: 'POST',
        path: '/oauth2/revoke',
        headers: FORM,
        body: new URLSearchParams({ token: handle }).toString(),
        signal: AbortSignal.timeout(REVOCATION_TIMEOUT_MS),
      },
      async ({ status }) => status,
    )
    .catch(() => undefined);
  if (status === 200) return 'it was revoked at once';
  return `it could not be revoked (${status ?? 'no answer'}): revoke it now`;
}

function members(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
