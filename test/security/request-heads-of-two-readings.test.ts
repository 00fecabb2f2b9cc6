import { GET, head, POST, SmugglingRig } from './smuggling-rig.js';

let rig: SmugglingRig;
beforeAll(async () => {
  rig = await SmugglingRig.start();
});
afterAll(() => rig.stop());
beforeEach(() => rig.forget());

describe('a header block', () => {
  it.each([
    ...[
      'X: a\r\n b',
      'X: a\r\n\tb',
      'X: a\nY: b',
      'X: a\rb',
      'X: a\0b',
      'X: a\x01b',
      'X: a\x7fb',
      'X: a\x1f',
    ],
    ...[
      'X\0: a',
      'X : a',
      ' X: a',
      ': a',
      'X',
      'X\x7f: a',
      'X(: a',
      'X y: a',
      '\tX: a',
      'X\xe4: a',
    ],
    ...['Host: p', 'host: q', 'Host:', 'HOST: p', 'Host : q', 'Host\t: q'],
  ])('with %j is refused', async (line) => {
    await rig.assertRefused(head(GET, `${line}\r\n`));
  });

  it.each([
    ...[
      'u@p',
      'u:p@p',
      'p/x',
      'p,q',
      'p p',
      'p#x',
      'p?x',
      'p\\x',
      'p, p',
      'http://p',
      'p\0',
      '\xff',
    ],
  ])('with the Host %j is refused', async (host) => {
    await rig.assertRefused(head(GET, '', `Host: ${host}\r\n`));
  });

  it('without Host is refused', () => rig.assertRefused(head(GET, '', '')));

  it.each([
    ['no call', 'POST /healthz HTTP/1.1\r\n', 'h9'],
    ['a call', POST, 'h2c'],
  ])(
    'of which not all is kept is not read again: an offer to switch, %s',
    async (_, line, offer) => {
      const many = 'a: b\r\n'.repeat(300); // The length behind them is not kept; it frames what is hidden.
      const fields = `Connection: Upgrade\r\nUpgrade: ${offer}\r\n${many}Content-Length: 999\r\n`;
      await rig.assertRefused(head(line, fields));
    },
  );
});

describe('a start line', () => {
  const TARGET = '/proxy/ledger/accounts/42';
  it.each([
    ...[
      'HTTP/0.9',
      'HTTP/1.2',
      'HTTP/2.0',
      'HTTP/3',
      'HTTP/1',
      'http/1.1',
      'HTTP/1.10',
      'HTTP/01.1',
      'HTTPS/1.1',
    ],
    ...[
      'ICE/1.0',
      'HTTP/1.1 ',
      'HTTP/1.1\r',
      'HTTP/1.1\nX: y',
      'x HTTP/1.1',
      '\x0bHTTP/1.1',
      'HTTP/1.1 HTTP/1.1',
    ],
  ])('that ends in %j is refused', async (version) => {
    await rig.assertRefused(head(`GET ${TARGET} ${version}\r\n`, ''));
  });

  it.each([
    ...[
      `GET\t${TARGET} HTTP/1.1`,
      `GET ${TARGET}\tHTTP/1.1`,
      ` GET ${TARGET} HTTP/1.1`,
      `GETX ${TARGET} HTTP/1.1`,
    ],
    ...[
      `get ${TARGET} HTTP/1.1`,
      `GET ${TARGET}`,
      `GET http://p${TARGET} HTTP/1.1`,
      `GET //p${TARGET} HTTP/1.1`,
    ],
    ...[`GET http://u@p${TARGET} HTTP/1.1`, 'CONNECT p:80 HTTP/1.1', `CONNECT ${TARGET} HTTP/1.1`],
    ...[
      `TRACE ${TARGET} HTTP/1.1`,
      `TRACK ${TARGET} HTTP/1.1`,
      'PRI * HTTP/2.0',
      `GET ${TARGET}#x HTTP/1.1`,
    ],
  ])('of %j is refused', async (line) => {
    if (line.includes('//p')) {
      // In front of another server `//p/proxy` would be a path: here nothing is below it.
      const { text } = await rig.send(head(`${line}\r\nConnection: close\r\n`, ''));
      expect(text).toMatch(/^HTTP\/1\.1 40[04] /);
      expect(rig.backend.bytes).toBe('');
      return;
    }
    await rig.assertRefused(head(`${line}\r\n`, ''));
  });

  it('of CONNECT leaves an event, as any other that is refused', async () => {
    rig.path.parts.clock.advance(10);
    await rig.assertRefused('CONNECT p:80 HTTP/1.1\r\nHost: p\r\n\r\n');
    const denial = rig.path.parts.journal.of('dev.postern.call.denied.v1').at(-1);
    expect([denial?.method, denial?.detail]).toEqual([
      'CONNECT',
      'ambiguous request (method): the method is never forwarded',
    ]);
  });
});

describe('an expectation', () => {
  it.each([
    '200-ok',
    '',
    '100-continue, 200-ok',
    '100-continue;q=1',
    'y 100-continue',
    '100-continue\r\nExpect: 100-continue',
  ])(
    'of %j is refused and the connection closed: whether the body comes is unknown',
    async (expectation) => {
      await rig.assertRefused(
        `${head(POST, `Expect: ${expectation}\r\nContent-Length: 5\r\n`)}hello`,
      );
    },
  );

  it('that is another than 100-continue is refused outside of calls, too', async () => {
    const answer = await rig.send(
      'POST /x HTTP/1.1\r\nHost: p\r\nExpect: y\r\nContent-Length: 5\r\n\r\n',
    );
    expect([answer.text.slice(0, 13), answer.closed]).toEqual(['HTTP/1.1 417 ', true]);
  });
});
