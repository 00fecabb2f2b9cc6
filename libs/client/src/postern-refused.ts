/** Postern refused. `code` is the OAuth error or the `postern-error` header. */
export class PosternRefused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly correlationId: string | undefined,
  ) {
    super(
      `Postern refused: ${code} (${status})` +
        (correlationId === undefined ? '' : `; an operator can explain ${correlationId}`),
    );
    this.name = 'PosternRefused';
  }
}

/** Letters only: what an answer puts here ends in messages and logs, and no token or handle looks like it. */
const ERROR_CODE = /^[a-z_-]{1,64}$/;

/** `error` of a refusal of an OAuth endpoint (RFC 6749 section 5.2). Reads the body. */
export async function errorCodeOf(response: Response): Promise<string> {
  const answer = (await response.json().catch(() => null)) as { error?: unknown } | null;
  const code = answer?.error;
  return typeof code === 'string' && ERROR_CODE.test(code) ? code : 'unexpected_answer';
}

/** The refusal that an OAuth endpoint answered with. Reads the body. */
export async function refusalOf(response: Response): Promise<PosternRefused> {
  const correlationId = response.headers.get('postern-correlation-id') ?? undefined;
  return new PosternRefused(response.status, await errorCodeOf(response), correlationId);
}
