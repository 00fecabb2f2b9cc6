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
  const hosts: string[] = [];
  const lengths: string[] = [];
  const encodings: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] ?? '';
    switch (rawHeaders[index]?.toLowerCase()) {
      case 'host':
        hosts.push(value);
        break;
      case 'content-length':
        lengths.push(value);
        break;
      case 'transfer-encoding':
        encodings.push(value);
        break;
    }
  }
  checkHost(hosts, httpVersion);
  checkFraming(lengths, encodings);
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
