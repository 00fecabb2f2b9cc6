import { connect } from 'node:net';
import { once } from 'node:events';
import { CallPath } from './call-path.js';

/** RFC 9110 section 10.1.1: what speaks HTTP/1.0 takes an interim answer for the answer. */
it.each([
  ['1.1', true],
  ['1.0', false],
])('a caller of HTTP/%s that expects 100-continue is sent one: %s', async (version, expected) => {
  const path = await CallPath.start();
  const { plaintext } = await path.parts.issue({ scopes: ['ledger.post'] });
  const socket = connect(path.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1');
    if (answer.startsWith('HTTP/1.1 100')) socket.write('ab');
  });
  socket.write(
    `POST /proxy/ledger/entries HTTP/${version}\r\nHost: postern\r\nAuthorization: Bearer ${plaintext}\r\n` +
      `Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
  );
  if (!expected) socket.write('ab');
  await once(socket, 'close');
  expect(answer.startsWith('HTTP/1.1 100 Continue')).toBe(expected);
  expect(answer.split('HTTP/1.1 100')).toHaveLength(expected ? 2 : 1);
  expect(answer).toContain('HTTP/1.1 200 OK');
  await path.stop();
});
