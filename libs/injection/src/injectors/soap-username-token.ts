import { hash, randomBytes } from 'node:crypto';
import { type Clock } from '#kernel';
import { type Injection } from '../injection.js';
import { bodyOfType } from './body-of-type.js';
import { CredentialUnusable } from './credential-unusable.js';
import { type Injector, type OutgoingDraft } from './injector.js';
import { secretField, type SecretFields } from './secret-field.js';
import { SOAP_NAMESPACES, type SplicePoint, splicePoint, WSSE_NAMESPACE } from './soap-envelope.js';
import { unsuitableRequest } from './unsuitable-request.js';

type SoapInjection = Extract<Injection, { kind: 'soap-username-token' }>;

const WSU_NAMESPACE =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const TOKEN_PROFILE =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0';
const BASE64_BINARY =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary';
const NONCE_BYTES = 16;
const XML_TYPES: ReadonlySet<string> = new Set([
  'application/soap+xml',
  'application/xml',
  'text/xml',
]);
/** What a caller may say of a body that is changed here (RFC 1864, RFC 3230, RFC 9530). */
const BODY_DIGESTS: ReadonlySet<string> = new Set([
  'content-digest',
  'content-md5',
  'digest',
  'repr-digest',
]);
/** Outside of Char (XML 1.0 section 2.2), beside what no field of a secret may hold. */
const NOT_XML = /[\ufffe\uffff]/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A UsernameToken in the security header of a SOAP message (WS-Security UsernameToken Profile 1.1, section 3). The body is
 * held; all bytes but those that are put in stay what they were.
 * @throws CallDenied `unsuitable-request` from `inject` for a body that is no plain SOAP message in UTF-8
 */
export function injectSoapUsernameToken(
  injection: SoapInjection,
  fields: SecretFields,
  { clock }: { readonly clock: Clock },
): Injector {
  const username = xmlField(fields, injection.username);
  const password = xmlField(fields, injection.password);
  const token = (): string =>
    injection.type === 'text'
      ? usernameToken(username, passwordElement('PasswordText', password))
      : usernameToken(username, digested(password, clock.now()));
  return {
    confidential: [...new Set([password, escaped(password)])],
    holdsBody: true,
    replaces: (folded) => BODY_DIGESTS.has(folded),
    inject: (draft) => {
      const document = xmlOf(draft);
      const point = splicePoint(document);
      if (injection.soap !== 'auto' && injection.soap !== point.version) {
        throw unsuitableRequest(`the envelope is not of SOAP ${injection.soap}`);
      }
      draft.body = Buffer.from(spliced(document, point, wrapped(token(), point, injection)));
    },
  };
}

function xmlField(fields: SecretFields, name: string): string {
  const value = secretField(fields, name);
  if (!NOT_XML.test(value)) return value;
  throw new CredentialUnusable(
    `field ${JSON.stringify(name)} of the secret holds a character that XML has no place for`,
  );
}

/** The body as text, which comes back from UTF-8 as the same bytes. @throws CallDenied */
function xmlOf(draft: OutgoingDraft): string {
  const body = bodyOfType(draft, (type) => XML_TYPES.has(type));
  try {
    return UTF8.decode(body);
  } catch {
    throw unsuitableRequest('the body is not UTF-8');
  }
}

/** Section 3.1: Password_Digest = Base64(SHA-1(nonce + created + password)). */
function digested(password: string, now: Date): string {
  const nonce = randomBytes(NONCE_BYTES);
  const created = `${now.toISOString().slice(0, 19)}Z`;
  const digest = hash(
    'sha1',
    Buffer.concat([nonce, Buffer.from(`${created}${password}`)]),
    'base64',
  );
  return (
    passwordElement('PasswordDigest', digest) +
    `<wsse:Nonce EncodingType="${BASE64_BINARY}">${nonce.toString('base64')}</wsse:Nonce>` +
    `<wsu:Created>${created}</wsu:Created>`
  );
}

const passwordElement = (type: 'PasswordText' | 'PasswordDigest', value: string): string =>
  `<wsse:Password Type="${TOKEN_PROFILE}#${type}">${escaped(value)}</wsse:Password>`;

/** Declares its own prefixes: what the message means by them stays what it is. */
const usernameToken = (username: string, rest: string): string =>
  `<wsse:UsernameToken xmlns:wsse="${WSSE_NAMESPACE}" xmlns:wsu="${WSU_NAMESPACE}">` +
  `<wsse:Username>${escaped(username)}</wsse:Username>${rest}</wsse:UsernameToken>`;

/** With the elements around it that the message does not have. */
function wrapped(token: string, point: SplicePoint, { mustUnderstand }: SoapInjection): string {
  if (point.within === 'security') return token;
  const understood = mustUnderstand
    ? ` xmlns:env="${SOAP_NAMESPACES[point.version]}" env:mustUnderstand="1"`
    : '';
  const security = `<wsse:Security xmlns:wsse="${WSSE_NAMESPACE}"${understood}>${token}</wsse:Security>`;
  if (point.within === 'header') return security;
  const header = headerName(point.name);
  return `<${header}>${security}</${header}>`;
}

/** In the namespace of the envelope, by the prefix that the envelope has. */
const headerName = (envelope: string): string =>
  `${envelope.slice(0, envelope.indexOf(':') + 1)}Header`;

function spliced(
  document: string,
  { offset, name, isSelfClosing }: SplicePoint,
  xml: string,
): string {
  const rest = document.slice(offset);
  return isSelfClosing
    ? `${document.slice(0, offset - '/>'.length)}>${xml}</${name}>${rest}`
    : `${document.slice(0, offset)}${xml}${rest}`;
}

/** In ASCII: the charset that the caller names may be that. */
const escaped = (text: string): string =>
  text.replace(/[&<>"']|[^\x20-\x7e]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
