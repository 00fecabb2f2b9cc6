import {
  type IntrospectionAnswer,
  type IntrospectionRegistration,
  parseIntrospectionAnswer,
  TokenIntrospector,
} from '#identity';
import { DependencyUnavailable } from '#kernel';

const INACTIVE = '{"active":false}';

/** What the introspection endpoints of a test answer, and a switch for each way in which they do not. */
export class InMemoryTokenIntrospector extends TokenIntrospector {
  readonly #bodies = new Map<string, string>();
  readonly #refusedSecrets = new Set<string>();
  #reachable = true;

  /** How often an endpoint was asked, those that gave no answer included. */
  questions = 0;

  /** The answer about a token at an endpoint: its members, or the body as it is sent. */
  answer(
    issuer: IntrospectionRegistration,
    token: string,
    answer: Readonly<Record<string, unknown>> | string,
  ): void {
    const body = typeof answer === 'string' ? answer : JSON.stringify(answer);
    this.#bodies.set(keyOf(issuer, token), body);
  }

  revoke(issuer: IntrospectionRegistration, token: string): void {
    this.#bodies.delete(keyOf(issuer, token));
  }

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  /** From now on the endpoints refuse the client whose secret lies there. */
  refuseClient({ clientSecret }: IntrospectionRegistration): void {
    this.#refusedSecrets.add(JSON.stringify([clientSecret.mount, clientSecret.path]));
  }

  override async introspect(
    issuer: IntrospectionRegistration,
    token: string,
  ): Promise<IntrospectionAnswer> {
    this.questions += 1;
    const { mount, path } = issuer.clientSecret;
    const isRefused = this.#refusedSecrets.has(JSON.stringify([mount, path]));
    if (!this.#reachable || isRefused) {
      throw new DependencyUnavailable(
        'token-introspection',
        `tokens of issuer ${issuer.id} cannot be introspected`,
      );
    }
    return parseIntrospectionAnswer(
      Buffer.from(this.#bodies.get(keyOf(issuer, token)) ?? INACTIVE),
    );
  }
}

const keyOf = ({ endpoint }: IntrospectionRegistration, token: string): string =>
  JSON.stringify([endpoint, token]);
