import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { TEST_PASSWORD } from '#testing';
import { CallPath } from '../security/call-path.js';

/**
 * Trailer fields (RFC 9110 section 6.5). Those of a caller are dropped, as an intermediary may: they come after the call
 * was judged, counted and injected. Those of a destination are passed on, scrubbed.
 */
describe('trailers', () => {
  let path: CallPath;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  beforeEach(async () => {
    path = await CallPath.start({ respond: (incoming, response) => respond(incoming, response) });
    path.backend.streams = true;
  });
  afterEach(() => path.stop());

  async function upload(): Promise<IncomingMessage> {
    const { plaintext } = await path.parts.issue();
    const call = request({
      ...{ host: '127.0.0.1', port: path.port, path: '/proxy/ledger/entries', method: 'POST' },
      agent: false,
      headers: {
        ...{ authorization: `Bearer ${plaintext}`, 'transfer-encoding': 'chunked' },
        ...{ trailer: 'X-Checksum, Authorization', te: 'trailers' },
      },
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) =>
      call.once('response', resolve).once('error', reject),
    );
    call.write('hello');
    call.addTrailers({ 'X-Checksum': 'abc', Authorization: 'Basic eDp5' });
    call.end();
    return answer;
  }

  it('of a caller are dropped with their announcement; the body arrives whole', async () => {
    let seen: unknown;
    respond = (incoming, response) => {
      void text(incoming).then((body) => {
        const { trailer, te } = incoming.headers;
        seen = { body, trailers: incoming.rawTrailers, trailer, te };
        response.end('taken');
      });
    };
    expect(await text(await upload())).toBe('taken');
    expect(seen).toEqual({ body: 'hello', trailers: [], trailer: undefined, te: undefined });
    expect(path.parts.ledger.completed[0]?.data).toMatchObject({ outcome: 'ok', bytes_in: 5 });
  });

  it('of a destination are passed on, scrubbed, without those that mean something before the body only', async () => {
    respond = (incoming, response) => {
      incoming.resume();
      response.writeHead(200, { trailer: 'Server-Timing, X-Echo, Set-Cookie' });
      response.write('hello');
      response.addTrailers([
        ['Server-Timing', 'db;dur=53'],
        ['X-Echo', TEST_PASSWORD],
        ['Set-Cookie', 'a=b'],
      ]);
      response.end();
    };
    const answer = await upload();
    expect(await text(answer)).toBe('hello');
    expect(answer.trailers).toEqual({
      'server-timing': 'db;dur=53',
      'x-echo': '*'.repeat(TEST_PASSWORD.length),
    });
    expect(path.parts.ledger.completed[0]?.data.scrubbed).toBe(1);
  });

  it('of a destination that held no more than its own are none', async () => {
    respond = (incoming, response) => {
      incoming.resume();
      response.write('hello');
      response.addTrailers([['Postern-Error', 'x']]);
      response.end();
    };
    const answer = await upload();
    expect([await text(answer), answer.trailers]).toEqual(['hello', {}]);
  });
});
