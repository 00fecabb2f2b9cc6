import { randomBytes } from 'node:crypto';
import { Agent, request } from 'undici';

const REQUEST_TIMEOUT_MS = 30_000;

export interface AppRoleLogin {
  readonly roleId: string;
  readonly secretId: string;
}

export interface AppRoleTerms {
  readonly policies: readonly string[];
  /** Such as `2s`. */
  readonly tokenTtl?: string;
  readonly tokenMaxTtl?: string;
  /** Its tokens have the policies alone, not `default` besides. */
  readonly withoutDefaultPolicy?: boolean;
}

/** What a Vault admin does, over the HTTP API, for tests. Speaks to Vault and OpenBao alike. */
export class OpenBaoAdmin {
  readonly #agent: Agent;

  constructor(
    readonly address: string,
    readonly rootToken: string,
    caPem?: string,
  ) {
    this.#agent = new Agent({
      ...(caPem === undefined ? {} : { connect: { ca: caPem } }),
      // A kept connection would be the one that a stopped server has closed.
      pipelining: 0,
    });
  }

  /** Resolves to status and JSON body, whatever the status. */
  async ask(
    method: string,
    path: string,
    body?: object,
    vaultToken = this.rootToken,
  ): Promise<{ status: number; body: unknown }> {
    const response = await request(`${this.address}/v1/${path}`, {
      dispatcher: this.#agent,
      method: method as 'GET',
      headers: {
        'x-vault-token': vaultToken,
        // Vault takes no other kind of patch.
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    return {
      status: response.statusCode,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
  }

  /** Reads a path wrapped, as `vault kv get -wrap-ttl`; the wrapping token. */
  async wrapRead(path: string, ttlSeconds: number): Promise<string> {
    return this.wrapped('GET', path, { ttlSeconds });
  }

  /** Wraps any fields, as `vault write sys/wrapping/wrap`; the wrapping token. */
  async wrapFields(fields: object, ttlSeconds: number): Promise<string> {
    return this.wrapped('POST', 'sys/wrapping/wrap', { ttlSeconds, body: fields });
  }

  /** Puts what a wrapping token holds under another one, and uses it up. */
  async rewrap(wrappingToken: string): Promise<string> {
    return this.wrapped('POST', 'sys/wrapping/rewrap', { body: { token: wrappingToken } });
  }

  /** What a wrapping token holds, taken by somebody who is not Postern. */
  async unwrap(wrappingToken: string): Promise<{ status: number; body: unknown }> {
    return this.ask('POST', 'sys/wrapping/unwrap', undefined, wrappingToken);
  }

  /** The same; a refusal is thrown. */
  async must(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await this.ask(method, path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  private async wrapped(
    method: 'GET' | 'POST',
    path: string,
    { ttlSeconds, body }: { readonly ttlSeconds?: number; readonly body?: object },
  ): Promise<string> {
    const response = await request(`${this.address}/v1/${path}`, {
      dispatcher: this.#agent,
      method,
      headers: {
        'x-vault-token': this.rootToken,
        'content-type': 'application/json',
        ...(ttlSeconds === undefined ? {} : { 'x-vault-wrap-ttl': String(ttlSeconds) }),
      },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      body: body === undefined ? null : JSON.stringify(body),
    });
    const answer = (await response.body.json()) as { wrap_info?: { token: string } };
    if (answer.wrap_info !== undefined) return answer.wrap_info.token;
    throw new Error(`${method} ${path}, wrapped: ${response.statusCode}`);
  }

  /** Mounts KV version 2 under a name of its own. Ready when it resolves. */
  async mountKv(): Promise<string> {
    const mount = `kv-${randomBytes(5).toString('hex')}`;
    await this.must('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: '2' } });
    return mount;
  }

  async writePolicy(name: string, hcl: string): Promise<void> {
    await this.must('PUT', `sys/policies/acl/${name}`, { policy: hcl });
  }

  /** A role at a fresh AppRole mount. */
  async appRole(terms: AppRoleTerms): Promise<AppRoleLogin & { readonly mount: string }> {
    const mount = `approle-${randomBytes(5).toString('hex')}`;
    await this.must('POST', `sys/auth/${mount}`, { type: 'approle' });
    await this.must('POST', `auth/${mount}/role/postern`, {
      token_policies: terms.policies,
      token_ttl: terms.tokenTtl ?? '1h',
      token_max_ttl: terms.tokenMaxTtl ?? '4h',
      token_no_default_policy: terms.withoutDefaultPolicy ?? false,
    });
    const role = (await this.must('GET', `auth/${mount}/role/postern/role-id`)) as {
      data: { role_id: string };
    };
    const secret = (await this.must('POST', `auth/${mount}/role/postern/secret-id`)) as {
      data: { secret_id: string };
    };
    return { mount, roleId: role.data.role_id, secretId: secret.data.secret_id };
  }

  /** How many tokens the server knows; each login makes one. */
  async tokenCount(): Promise<number> {
    const listed = (await this.must('LIST', 'auth/token/accessors')) as {
      data: { keys: string[] };
    };
    return listed.data.keys.length;
  }

  /** Ends every token that has that policy. */
  async revokeTokensOf(policy: string): Promise<void> {
    const listed = (await this.must('LIST', 'auth/token/accessors')) as {
      data: { keys: string[] };
    };
    for (const accessor of listed.data.keys) {
      const { status, body } = await this.ask('POST', 'auth/token/lookup-accessor', { accessor });
      const found = body as { data?: { policies: string[] } };
      if (status === 200 && found.data?.policies.includes(policy) === true) {
        await this.must('POST', 'auth/token/revoke-accessor', { accessor });
      }
    }
  }

  async createToken(terms: { policies: readonly string[]; ttl: string }): Promise<string> {
    const made = (await this.must('POST', 'auth/token/create', { ...terms, no_parent: true })) as {
      auth: { client_token: string };
    };
    return made.auth.client_token;
  }
}
