import { parseUrl } from '#kernel';
import { type Oauth2ClientCredentials } from './injection.js';

/** RFC 6749 section 3.3: scope tokens, each parted by one space. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;
const TEXT_CHARACTERS_MAX = 1024;
const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

type Report = (path: string, what: string) => void;

/** What of a registration could never get a token, or would send the credentials in plain text. */
export function checkTokenEndpoint(injection: Oauth2ClientCredentials, report: Report): void {
  checkAddress(injection, report);
  const { scope, audience, resource } = injection;
  if (scope !== undefined && (scope.length > TEXT_CHARACTERS_MAX || !SCOPE.test(scope))) {
    report('inject.scope', 'expected scope tokens parted by single spaces (RFC 6749 section 3.3)');
  }
  if (audience !== undefined && !/^[\x21-\x7e]{1,1024}$/.test(audience)) {
    report('inject.audience', `expected 1 to ${TEXT_CHARACTERS_MAX} printable ASCII characters`);
  }
  if (resource !== undefined && (parseUrl(resource) === undefined || resource.includes('#'))) {
    report('inject.resource', 'expected an absolute URI without a fragment (RFC 8707 section 2)');
  }
}

function checkAddress(
  { tokenEndpoint, allowPrivate }: Oauth2ClientCredentials,
  report: Report,
): void {
  const path = 'inject.tokenEndpoint';
  const url = parseUrl(tokenEndpoint);
  const isHttp = url?.protocol === 'http:';
  if (url === undefined || !(isHttp || url.protocol === 'https:')) {
    report(path, 'expected an absolute https URL');
    return;
  }
  if (/[#@]/.test(tokenEndpoint)) report(path, 'expected no userinfo and no fragment');
  const isLoopback = LOOPBACK.test(url.hostname);
  if (isHttp && !isLoopback) {
    report(path, 'expected https: without TLS only a loopback address is asked');
  }
  if (isLoopback && !allowPrivate) {
    report(path, 'is a loopback address: it takes inject.allowPrivate: true');
  }
}
