import { type Injection } from './injection.js';

/** A JSON pointer (RFC 6901) of one to eight names, none of them empty. */
const POINTER = /^(?:\/(?:[^~/]|~[01])+){1,8}$/;
const NAME_CHARACTERS_MAX = 256;

/** A name that no body could have, or that two readers would look for in two places. */
export function checkBodyField(
  { format, name }: Extract<Injection, { kind: 'body-field' }>,
  report: (path: string, what: string) => void,
): void {
  if (format === 'form' && !/^[\x21-\x7e]{1,64}$/.test(name)) {
    report('inject.name', 'expected 1 to 64 printable ASCII characters');
  }
  if (format === 'json' && !isMemberName(name)) {
    report(
      'inject.name',
      `expected the name of a member, or a JSON pointer of 1 to 8 names such as /auth/apiKey; ${NAME_CHARACTERS_MAX} characters at most`,
    );
  }
}

const isMemberName = (name: string): boolean =>
  name !== '' &&
  name.length <= NAME_CHARACTERS_MAX &&
  !/[\p{Cc}\p{Cs}]/u.test(name) &&
  (!name.startsWith('/') || POINTER.test(name));
