import { ClientCertificates, TrustedProxies } from '#platform';
import { ProxyListener } from './proxy-listener.js';

const REFUSED = { what: 'not HTTP/1.1', remoteAddress: '192.0.2.1' };

describe('requests that were refused before they were read', () => {
  const written: (() => void)[] = [];
  const problems: string[] = [];
  const listener = new ProxyListener({
    pipeline: {
      call: () => Promise.resolve(),
      turnedAway: () => new Promise<void>((resolve) => written.push(resolve)),
    },
    trustedProxies: new TrustedProxies([]),
    certificates: new ClientCertificates({
      trustedProxies: [],
      clientCertificateHeader: undefined,
    }),
    onProblem: (message, error) => problems.push(`${message}: ${String(error)}`),
  });

  it('are told of by their number, once, when the journal is too slow for their events', async () => {
    for (let requests = 0; requests < 1_234; requests += 1) listener.refused(REFUSED);
    expect(written).toHaveLength(1_000);
    expect(problems).toEqual([]);
    for (const done of written.splice(0)) done();
    await listener.drain(1_000);
    expect(problems).toEqual([expect.stringContaining('left no event: Error: 234 requests')]);
    listener.refused(REFUSED);
    expect(written).toHaveLength(1);
    written[0]!();
    await listener.drain(1_000);
    expect(problems).toHaveLength(1);
  });
});
