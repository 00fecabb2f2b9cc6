import { parameterName } from '../canonical-query.js';
import { looksLike } from './look-alike.js';
import { percentEncoded } from './query.js';
import { unsuitableRequest } from './unsuitable-request.js';

/** Parts between "&" and ";". As many as Tomcat takes; each is compared. */
const FORM_PARAMETERS_MAX = 10_000;

/**
 * The form (application/x-www-form-urlencoded, WHATWG URL section 5) with one parameter of the name, the last. Those of the
 * caller that may be read under that name are taken out; every other byte stays.
 * @throws CallDenied
 */
export function withFormParameter(body: Buffer, name: string, value: string): Buffer {
  const form = body.toString('latin1');
  if (/[^\x21-\x7e]/.test(form) || /%(?![0-9A-Fa-f]{2})/.test(form)) {
    throw unsuitableRequest('the body is no well-formed form');
  }
  if (countOf(form) > FORM_PARAMETERS_MAX) {
    throw unsuitableRequest(`the form has more than ${FORM_PARAMETERS_MAX} parameters`);
  }
  const kept = form.split('&').filter((parameter) => !isOurs(parameter, name));
  const injected = `${percentEncoded(name)}=${percentEncoded(value)}`;
  return Buffer.from([...kept.filter((one) => one !== ''), injected].join('&'), 'latin1');
}

const countOf = (form: string): number => 1 + (form.match(/[&;]/g)?.length ?? 0);

/** Some readers split at ";" too: what would be ours behind one cannot be taken out without breaking the value before. */
function isOurs(parameter: string, name: string): boolean {
  const [first = '', ...behind] = parameter.split(';');
  if (looksLike(nameOf(first), name)) return true;
  if (behind.some((part) => looksLike(nameOf(part), name))) {
    throw unsuitableRequest('the form holds the parameter of the secret behind a ";"');
  }
  return false;
}

function nameOf(parameter: string): string {
  try {
    return parameterName(parameter);
  } catch {
    throw unsuitableRequest('the name of a parameter of the form is not in UTF-8');
  }
}
