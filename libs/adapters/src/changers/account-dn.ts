import { ChangerSettingsRefused } from './changer-settings-refused.js';

const PLACEHOLDER = '{{username}}';
/** What stands for itself in a value of a DN, wherever it stands (RFC 4514 section 2.4). */
const PLAIN = /[A-Za-z0-9]/;

/**
 * The DN of an account by its user name; without a template the user name is the DN.
 * @throws ChangerSettingsRefused for a template that does not hold `{{username}}` exactly once, and nothing else in braces
 */
export function accountDn(template: string | undefined): (username: string) => string {
  if (template === undefined) return (username) => username;
  const [before, after, ...more] = template.split(PLACEHOLDER);
  if (
    before === undefined ||
    after === undefined ||
    more.length > 0 ||
    /[{}]/.test(before + after)
  ) {
    throw new ChangerSettingsRefused(
      `rotation.change.dn must hold ${PLACEHOLDER} once, such as uid=${PLACEHOLDER},ou=services,dc=example,dc=org`,
    );
  }
  return (username) => `${before}${escaped(username)}${after}`;
}

const escaped = (username: string): string =>
  [...Buffer.from(username)].map((byte) => escapedByte(byte)).join('');

function escapedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return PLAIN.test(character) ? character : `\\${byte.toString(16).padStart(2, '0')}`;
}
