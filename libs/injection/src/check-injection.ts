import { checkAwsScope } from './check-aws-scope.js';
import { checkBodyField } from './check-body-field.js';
import { checkHmac } from './check-hmac.js';
import { checkFormLogin } from './check-form-login.js';
import { checkTokenEndpoint } from './check-token-endpoint.js';
import { foldedName, isReservedForFraming } from './header-names.js';
import { type Injection } from './injection.js';
import { TEMPLATE_FIELD } from './injectors/header.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;

type Report = (path: string, what: string) => void;

/** What of a registration's injection could never work, or would break the framing of a request. */
export function checkInjection(injection: Injection, report: Report): void {
  if (injection.kind === 'aws-sigv4') checkAwsScope(injection, report);
  if (injection.kind === 'form-login') checkFormLogin(injection, report);
  if (injection.kind === 'oauth2-client-credentials') checkTokenEndpoint(injection, report);
  if (injection.kind === 'header') checkHeader(injection, report);
  if (injection.kind === 'query') checkParameter(injection.name, report);
  if (injection.kind === 'cookie') checkCookie(injection.name, report);
  if (injection.kind === 'body-field') checkBodyField(injection, report);
  if (injection.kind === 'hmac') checkHmac(injection, report);
}

function checkHeader(
  { name, template }: Extract<Injection, { kind: 'header' }>,
  report: Report,
): void {
  if (!TOKEN.test(name) || isReservedForFraming(foldedName(name))) {
    report('inject.name', `"${name}" is no name of a header that can be injected`);
  }
  const rest = template.replace(TEMPLATE_FIELD, '');
  if (rest === template || /[{}]/.test(rest)) {
    report('inject.template', 'expected at least one {field}, and no other braces');
  }
}

function checkParameter(name: string, report: Report): void {
  if (!/^[\x21-\x7e]{1,64}$/.test(name)) {
    report('inject.name', 'expected 1 to 64 printable ASCII characters');
  }
}

/** RFC 6265 section 4.1.1; "$" began an attribute in RFC 2965, and still does for some readers. */
function checkCookie(name: string, report: Report): void {
  if (!TOKEN.test(name) || name.startsWith('$')) {
    report('inject.name', `"${name}" is no name of a cookie that can be injected`);
  }
}
