import { parseDpopHeaders } from './dpop-headers.js';

describe('the DPoP header fields of a request', () => {
  it('are none when there is no such field', () => {
    expect(parseDpopHeaders([])).toEqual([]);
    expect(parseDpopHeaders(['Host', 'DPoP', 'X-DPoP', 'b', 'DPoP-Nonce', 'c'])).toEqual([]);
  });

  it.each(['DPoP', 'dpop', 'DPOP'])('are found under the name %s', (name) => {
    expect(parseDpopHeaders(['Host', 'a', name, 'proof'])).toEqual(['proof']);
  });

  it('D-01: are all found, one by one, an empty one too', () => {
    const rawHeaders = ['DPoP', 'one', 'Host', 'a', 'dpop', 'two,three', 'DPOP', ''];
    expect(parseDpopHeaders(rawHeaders)).toEqual(['one', 'two,three', '']);
  });
});
