import { AmbiguousRequest } from './ambiguous-request.js';

const HEADERS_MAX = 100;
/** Of an authority without userinfo: name or address, and port. */
const HOST = /^[A-Za-z0-9\-._~%!$&'()*+=:[\]]*$/;

/**
 * What must hold of the header block before anything else is believed.
 * @throws AmbiguousRequest
 */
export function checkHeaders(rawHeaders: readonly string[], httpVersion: string): void {
  if (rawHeaders.length > 2 * HEADERS_MAX) {
    throw new AmbiguousRequest('header-count', `more than ${HEADERS_MAX} headers`);
  }
  checkVersion(httpVersion);
  const found = {
    host: [],
    'content-length': [],
    'transfer-encoding': [],
    expect: [],
  } as Counted;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (isCounted(name)) found[name].push(rawHeaders[index + 1] ?? '');
  }
  checkHost(found.host, httpVersion);
  checkFraming(found['content-length'], found['transfer-encoding']);
  if (httpVersion === '1.0' && found['transfer-encoding'].length > 0) {
    // RFC 9112 section 6.1: who speaks HTTP/1.0 does not know chunks, and may have read another body.
    throw new AmbiguousRequest('framing', 'Transfer-Encoding in a request of HTTP/1.0');
  }
  checkExpectation(found.expect);
}

type CountedName = 'host' | 'content-length' | 'transfer-encoding' | 'expect';
type Counted = Record<CountedName, string[]>;

const isCounted = (name: string): name is CountedName =>
  name === 'host' || name === 'content-length' || name === 'transfer-encoding' || name === 'expect';

/** Node's parser also takes HTTP/0.9 with headers and HTTP/2.0 in the syntax of 1.1: nobody else reads these alike. */
function checkVersion(httpVersion: string): void {
  if (httpVersion === '1.1' || httpVersion === '1.0') return;
  throw new AmbiguousRequest('http-version', 'neither HTTP/1.1 nor HTTP/1.0');
}

/**
 * RFC 9110 section 10.1.1: one expectation is defined. Who reads another one, or several, does not agree with us on
 * whether the body follows the head at once.
 */
function checkExpectation(expectations: readonly string[]): void {
  const [expectation = '100-continue', ...more] = expectations;
  if (more.length === 0 && expectation.toLowerCase() === '100-continue') return;
  throw new AmbiguousRequest('expectation', 'Expect is not one 100-continue');
}

/** RFC 9112 section 3.2: exactly one Host; HTTP/1.0 may come without. */
function checkHost(hosts: readonly string[], httpVersion: string): void {
  const [host] = hosts;
  if (hosts.length > 1) throw new AmbiguousRequest('host', 'more than one Host header');
  if (host === undefined && httpVersion !== '1.0') {
    throw new AmbiguousRequest('host', 'no Host header');
  }
  if (host !== undefined && !HOST.test(host)) {
    throw new AmbiguousRequest('host', 'the Host header is no plain host and port');
  }
}

/** RFC 9112 section 6.3. Node's parser refuses these too; this is the second pair of eyes. */
function checkFraming(lengths: readonly string[], encodings: readonly string[]): void {
  const [length] = lengths;
  if (lengths.length > 1 || (length !== undefined && !/^[0-9]{1,15}$/.test(length))) {
    throw new AmbiguousRequest('framing', 'Content-Length is not one decimal number');
  }
  if (encodings.length > 0 && length !== undefined) {
    throw new AmbiguousRequest('framing', 'Transfer-Encoding and Content-Length together');
  }
  if (encodings.some((encoding) => encoding.toLowerCase() !== 'chunked')) {
    throw new AmbiguousRequest('framing', 'a Transfer-Encoding other than chunked');
  }
  if (encodings.length > 1) throw new AmbiguousRequest('framing', 'Transfer-Encoding stands twice');
}
