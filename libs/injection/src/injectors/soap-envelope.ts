import { SaxesParser, type SaxesTagNS } from 'saxes';
import { unsuitableRequest } from './unsuitable-request.js';

/** Namespace of the envelope (SOAP 1.1 section 3, SOAP 1.2 part 1 section 5.1). */
export const SOAP_NAMESPACES = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
} as const;
export const WSSE_NAMESPACE =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
/** Deeper is no message: each level makes the look-up of a prefix dearer. */
const DEPTH_MAX = 64;

export type SoapVersion = keyof typeof SOAP_NAMESPACES;

/** Where something is put into a document: what it stands in, and what must be written around it. */
export interface SplicePoint {
  readonly version: SoapVersion;
  /** The element that it becomes the first child of. */
  readonly within: 'envelope' | 'header' | 'security';
  /** The name of that element as written. */
  readonly name: string;
  /** Offset in UTF-16 units behind the `>` of its start tag. */
  readonly offset: number;
  /** It is written as `<a/>`: its end tag is missing. */
  readonly isSelfClosing: boolean;
}

/**
 * Finds where a security header belongs in a SOAP message. The whole document is read, so that one that is not
 * well-formed goes nowhere; no entity and no processing instruction of it is ever followed.
 * @throws CallDenied `unsuitable-request` for what is no plain SOAP envelope, and for one that has a UsernameToken
 */
export function splicePoint(document: string): SplicePoint {
  const reader = new EnvelopeReader();
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', () => refuse('the body is not well-formed XML with namespaces'));
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== '1.0' || (encoding !== undefined && encoding.toLowerCase() !== 'utf-8')) {
      refuse('the body is not XML 1.0 in UTF-8');
    }
  });
  // SOAP 1.1 section 3, SOAP 1.2 part 1 section 5: neither has a place in a message.
  parser.on('doctype', () => refuse('the body has a document type declaration'));
  parser.on('processinginstruction', () => refuse('the body has a processing instruction'));
  parser.on('opentagstart', () => reader.descend());
  parser.on('opentag', (tag) => reader.open(tag, parser.position));
  parser.on('closetag', () => reader.close());
  parser.write(document).close();
  return reader.point();
}

/** Follows the elements of an envelope down to the children of its header. */
class EnvelopeReader {
  #depth = 0;
  #isInHeader = false;
  #version: SoapVersion | undefined;
  #point: SplicePoint | undefined;
  #hasBody = false;

  descend(): void {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) refuse(`the body is nested more than ${DEPTH_MAX} levels deep`);
  }

  open(tag: SaxesTagNS, offset: number): void {
    if (this.#depth === 1) this.#envelope(tag, offset);
    else if (this.#depth === 2) this.#part(tag, offset);
    else if (this.#isInHeader) this.#headerBlock(tag, offset);
  }

  close(): void {
    this.#depth -= 1;
  }

  point(): SplicePoint {
    if (this.#point === undefined || !this.#hasBody) return refuse('the envelope has no Body');
    return this.#point;
  }

  #envelope(tag: SaxesTagNS, offset: number): void {
    const version = tag.local === 'Envelope' ? versionOf(tag.uri) : undefined;
    this.#version = version ?? refuse('the body is no SOAP 1.1 or 1.2 envelope');
    this.#take('envelope', tag, offset);
  }

  #part(tag: SaxesTagNS, offset: number): void {
    const part = versionOf(tag.uri) === this.#version && !this.#hasBody ? tag.local : undefined;
    this.#isInHeader = part === 'Header';
    if (part === 'Body') this.#hasBody = true;
    else if (part === 'Header' && this.#point?.within === 'envelope') {
      this.#take('header', tag, offset);
    } else refuse('the envelope holds something else than one Header and then one Body');
  }

  /** A header that is meant for another node (SOAP's actor or role) is left alone; ours comes beside it. */
  #headerBlock(tag: SaxesTagNS, offset: number): void {
    // Whatever namespace it is in: a receiver may know an older one, and must not take it for ours.
    if (tag.local === 'UsernameToken') refuse('the message has a UsernameToken of its own');
    if (this.#depth !== 3 || tag.local !== 'Security' || tag.uri !== WSSE_NAMESPACE) return;
    if (isForAnotherNode(tag, this.#version)) return;
    if (this.#point?.within === 'security') refuse('the message has two Security headers');
    this.#take('security', tag, offset);
  }

  #take(within: SplicePoint['within'], tag: SaxesTagNS, offset: number): void {
    const { name, isSelfClosing } = tag;
    const version = this.#version ?? refuse('the body is no SOAP envelope');
    this.#point = { version, within, name, offset, isSelfClosing };
  }
}

const versionOf = (namespace: string): SoapVersion | undefined =>
  (Object.keys(SOAP_NAMESPACES) as SoapVersion[]).find(
    (version) => SOAP_NAMESPACES[version] === namespace,
  );

const ULTIMATE_RECEIVER = `${SOAP_NAMESPACES['1.2']}/role/ultimateReceiver`;

/** SOAP 1.1 section 4.2.2, SOAP 1.2 part 1 section 5.2.2. */
const isForAnotherNode = ({ attributes }: SaxesTagNS, version: SoapVersion | undefined): boolean =>
  Object.values(attributes).some(
    ({ uri, local, value }) =>
      local === (version === '1.1' ? 'actor' : 'role') &&
      versionOf(uri) === version &&
      !['', ULTIMATE_RECEIVER].includes(value.trim()),
  );

const refuse = (what: string): never => {
  throw unsuitableRequest(what);
};
