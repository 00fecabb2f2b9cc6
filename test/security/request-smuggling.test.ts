import { CHUNKED, head, HIDDEN, POST, SmugglingRig } from './smuggling-rig.js';

let rig: SmugglingRig;
beforeAll(async () => {
  rig = await SmugglingRig.start();
});
afterAll(() => rig.stop());
beforeEach(() => rig.forget());

const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

const CODINGS = [
  ...[
    'xchunked',
    'chunked, identity',
    'identity',
    'identity, chunked',
    'gzip, chunked',
    'chunked,',
  ],
  ...[',chunked', 'chunked;q=1', '"chunked"', '', 'chunked\x0b', '\x0bchunked', 'chunked, chunked'],
  ...[
    'chunked\t',
    'chun\rked',
    'chunked\r',
    'chunked\0',
    'chunked\r\n ',
    '\r\n chunked',
    'chunked\n',
  ],
  ...['chunked\r\nTransfer-Encoding: identity', 'identity\r\nTransfer-Encoding: chunked'],
  ...[
    'chunked\r\nTransfer-Encoding: chunked',
    'chunked\xa0',
    'cow',
    'chunke',
    'chunkedd',
    'deflate',
  ],
];
const READ_AS_CHUNKED = [' chunked', '\tchunked', 'chunked ', 'CHUNKED', 'chunked'];

describe('Transfer-Encoding', () => {
  it.each(CODINGS)('of %j is refused, and the connection closed', async (coding) => {
    await rig.assertRefused(head(POST, `Transfer-Encoding: ${coding}\r\n`) + CHUNKS);
    await rig.assertClean();
  });

  it.each([...CODINGS, ...READ_AS_CHUNKED])(
    'of %j beside a Content-Length is refused, whichever stands first',
    async (coding) => {
      const [te, cl] = [`Transfer-Encoding:${coding}\r\n`, 'Content-Length: 15\r\n'];
      await rig.assertRefused(head(POST, te + cl) + CHUNKS);
      await rig.assertRefused(head(POST, cl + te) + CHUNKS);
    },
  );

  it.each([
    ...['Transfer-Encoding ', ' Transfer-Encoding', 'Transfer-Encoding\t', 'Transfer-Encoding\0'],
    ...['Transfer\xadEncoding', 'Transfer-Encoding\r\n ', 'X: y\nTransfer-Encoding'],
    ...[
      'X: y\rTransfer-Encoding',
      '\x0bTransfer-Encoding',
      'Transfer-Encoding\xa0',
      '(Transfer-Encoding',
    ],
  ])('spelled %j is refused', async (name) => {
    await rig.assertRefused(head(POST, `${name}: chunked\r\n`) + CHUNKS);
  });

  it('is refused in a request of HTTP/1.0, which knows no chunks', async () => {
    const line = POST.replace('1.1', '1.0');
    await rig.assertRefused(
      head(line, 'Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n') + CHUNKS,
    );
  });
});

describe('Content-Length', () => {
  it.each([
    ...[
      '+5',
      '-5',
      '5,5',
      '5, 5',
      '5, 6',
      '0x5',
      '5 5',
      '5.0',
      '',
      ' ',
      '1e1',
      '5;',
      '\x0b5',
      '1_0',
      '5\0',
      '5\t',
    ],
    ...[
      '5\r\nContent-Length: 5',
      '5\r\nContent-Length: 6',
      '5\r\ncontent-length: 0',
      '\r\n 5',
      '5\r\n ',
      '\xb2',
    ],
    ...[
      '99999999999999999999',
      '18446744073709551621',
      '18446744073709551615',
      '9007199254740993',
      '5\nX: y',
    ],
  ])('of %j is refused', async (length) => {
    await rig.assertRefused(`${head(POST, `Content-Length: ${length}\r\n`)}hello`);
    await rig.assertClean();
  });
});

describe('a chunked body', () => {
  it.each([
    ...[
      '5;e\nxt\r\nhello\r\n0\r\n\r\n',
      '5;a="\r\n"\r\nhello\r\n0\r\n\r\n',
      '5;\0\r\nhello\r\n0\r\n\r\n',
    ],
    ...['5\nhello\n0\n\n', '5\r\nhello0\r\n\r\n', '5\r\nhelloXX0\r\n\r\n', '5\r\nhello\n0\r\n\r\n'],
    ...[
      '5\r\nhello\r0\r\n\r\n',
      '5\r\nhello\r\n0\r\n\n',
      '5\r\nhello\r\n0\n\r\n',
      '-5\r\nhello\r\n0\r\n\r\n',
    ],
    ...[
      '+5\r\nhello\r\n0\r\n\r\n',
      '0x5\r\nhello\r\n0\r\n\r\n',
      ' 5\r\nhello\r\n0\r\n\r\n',
      '5 \r\nhello\r\n0\r\n\r\n',
    ],
    ...[
      '5\t\r\nhello\r\n0\r\n\r\n',
      '10000000000000005\r\nhello\r\n0\r\n\r\n',
      '\r\nhello\r\n0\r\n\r\n',
    ],
    ...[
      'g\r\nhello\r\n0\r\n\r\n',
      '5\rX\nhello\r\n0\r\n\r\n',
      '5\r\r\nhello\r\n0\r\n\r\n',
      ';\r\nhello\r\n0\r\n\r\n',
    ],
    ...[
      '5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n',
      '5\r\nhello\r\n0\r\nTransfer-Encoding: x\r\n\r\n',
    ],
    ...[
      '5\r\nhello\r\n0\r\n bad\r\n\r\n',
      '5\r\nhello\r\n0\r\nBad Trailer\r\n\r\n',
      '5\r\nhello\r\n0\r\nA: b\nC: d\r\n\r\n',
    ],
    ...[`5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`, '5\r\nhello\r\nfffffffffffffffff\r\n'],
  ])('of %j is refused', async (chunks) => {
    await rig.assertRefused(head(POST, CHUNKED) + chunks);
    await rig.assertClean();
  });

  it('of a chunk larger than can be hides nothing: it is cut at the limit of the resource', async () => {
    const chunks = `FFFFFFFFFFFFFFFF\r\n${HIDDEN}${'x'.repeat(1024 * 1024)}`;
    const { text } = await rig.send(head(POST, CHUNKED) + chunks);
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect([rig.backend.requests, rig.backend.faults]).toEqual([[], []]);
    await rig.assertClean();
  });
});

describe('a body that ends early', () => {
  it.each(['Content-Length: 50\r\n', CHUNKED])(
    'after %j is no request to the backend',
    async (framing) => {
      const { text, closed } = await rig.send(`${head(POST, framing)}5\r\nhel`, {
        end: true,
      });
      expect([text.includes(' 200 '), closed]).toEqual([false, true]);
      expect([rig.backend.requests, rig.backend.faults]).toEqual([[], []]);
      await rig.assertClean();
    },
  );
});
