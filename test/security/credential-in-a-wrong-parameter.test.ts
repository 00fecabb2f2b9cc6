import { inspect } from 'node:util';
import { ExchangeUnderTest, type FormParameters } from '#testing';

/**
 * A caller that mixes parameters up sends its handle or its token as an audience, a scope or a resource, and some put them
 * into their User-Agent. The denial says what was asked for: it went to PostgreSQL, Kafka and whoever reads there.
 */
describe('a credential in a parameter that is no place for it', () => {
  let sts: ExchangeUnderTest;

  beforeEach(async () => {
    sts = await ExchangeUnderTest.create();
  });

  const places = (credential: string): Readonly<Record<string, FormParameters>> => ({
    audience: { audience: credential },
    'two audiences': { audience: ['ledger', credential] },
    resource: { resource: `https://${credential}.test/` },
    scope: { scope: `ledger.read ${credential}` },
    'requested token type': { requested_token_type: credential },
    'subject token type': { subject_token_type: credential },
    'a task': {
      audience: 'nowhere',
      authorization_details: JSON.stringify([{ type: 'urn:postern:call', task: credential }]),
    },
    'a call': {
      audience: 'nowhere',
      authorization_details: JSON.stringify([
        { type: 'urn:postern:call', method: 'GET', path: `/accounts/${credential}` },
      ]),
    },
  });

  const left = (): string => JSON.stringify(sts.journal.events);

  it.each(Object.keys(places('')))('is in no event: %s', async (place) => {
    const { handle } = await sts.exchange();
    const token = await sts.mint();
    for (const credential of [handle, token]) {
      const refused = sts.exchange(places(credential)[place]);
      const told = await refused.then(
        () => '',
        (error: unknown) => inspect(error, { depth: 9 }),
      );
      expect(told).not.toBe('');
      for (const part of [credential, credential.split('.')[2] ?? credential]) {
        expect(left()).not.toContain(part);
      }
    }
    expect(sts.denials.length).toBeGreaterThan(1);
  });

  it('is in no event: User-Agent', async () => {
    const { handle } = await sts.exchange();
    await sts.exchange({}, {}, { userAgent: `agent/1.0 ${handle}` });
    expect(left()).toContain('agent/1.0 [redacted]');
    expect(left()).not.toContain(handle);
  });
});
