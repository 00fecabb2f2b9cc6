import { foldedName, isReservedForFraming } from './header-names.js';
import { type Injection } from './injection.js';
import { TEMPLATE_FIELD } from './injectors/header.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;

type Report = (path: string, what: string) => void;

/** What of a registration's injection could never work, or would break the framing of a request. */
export function checkInjection(injection: Injection, report: Report): void {
  if (injection.kind === 'header') {
    const folded = foldedName(injection.name);
    if (!TOKEN.test(injection.name) || isReservedForFraming(folded)) {
      report('inject.name', `"${injection.name}" is no name of a header that can be injected`);
    }
    const rest = injection.template.replace(TEMPLATE_FIELD, '');
    if (rest === injection.template || /[{}]/.test(rest)) {
      report('inject.template', 'expected at least one {field}, and no other braces');
    }
  }
  if (injection.kind === 'query' && !/^[\x21-\x7e]{1,64}$/.test(injection.name)) {
    report('inject.name', 'expected 1 to 64 printable ASCII characters');
  }
}
