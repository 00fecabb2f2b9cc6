import { type AclTerms, KAFKA_ROLES, type KafkaRole, OWN_PRINCIPALS } from '#adapters/kafka';
import { UsageError } from './usage-error.js';

/** Somebody, not everybody. */
const PRINCIPAL = /^User:(?!\*$).+$/;

/**
 * The users of Postern's processes by their default names, or as `--principal role=User:name` says; of other roles those
 * that are named. @throws UsageError
 */
export function aclTermsOf({
  principal,
  administrator,
}: {
  readonly principal: readonly string[];
  readonly administrator: readonly string[];
}): AclTerms {
  const named = new Map<KafkaRole, string[]>();
  for (const text of principal) {
    const { role, user } = assignmentOf(text);
    named.set(role, [...(named.get(role) ?? []), user]);
  }
  return {
    principals: new Map([...OWN_PRINCIPALS, ...named]),
    administrators: administrator.map((user) => userOf('--administrator', user)),
  };
}

function assignmentOf(text: string): { readonly role: KafkaRole; readonly user: string } {
  const [name] = text.split('=', 1);
  const role = KAFKA_ROLES.find((known) => known === name);
  if (role === undefined) {
    throw new UsageError(`--principal ${text}: expected a role of ${KAFKA_ROLES.join(', ')}`);
  }
  return { role, user: userOf('--principal', text.slice(role.length + 1)) };
}

function userOf(option: string, user: string): string {
  if (PRINCIPAL.test(user)) return user;
  throw new UsageError(`${option}: expected User: and a name, such as User:postern-relay`);
}
