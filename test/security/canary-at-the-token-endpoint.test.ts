import { type CanaryKind, mintCanary, PlantedCanaries } from '#handles';
import { OAuthError } from '#oauth';
import {
  aCanary,
  aDenialEvent,
  ExchangeUnderTest,
  type FormParameters,
  InMemoryCanaryStore,
  InMemoryEventJournal,
} from '#testing';

const TYPE = 'urn:ietf:params:oauth:token-type:';

/** Whoever finds what looks like a handle or a password tries it at the token endpoint as well. */
describe('a canary at the token endpoint', () => {
  let under: ExchangeUnderTest;
  let plant: (kind: CanaryKind) => Promise<{ plaintext: string; id: string }>;
  beforeEach(async () => {
    const store = new InMemoryCanaryStore(new InMemoryEventJournal());
    const canaries = new PlantedCanaries(store);
    under = await ExchangeUnderTest.create({ ports: { canaries } });
    plant = async (kind) => {
      const { plaintext, ...minted } = mintCanary(kind, 'test');
      await store.plant(aCanary({ ...minted, kind }), aDenialEvent());
      await canaries.refresh();
      return { plaintext, id: minted.id };
    };
  });

  const refusal = async (parameters: FormParameters, authorization?: string): Promise<unknown> => {
    const failure: unknown = await under
      .exchange(parameters, { authorization })
      .catch((error: unknown) => error);
    if (!(failure instanceof OAuthError)) throw new Error('it was not refused');
    const { code, description, nonce } = failure;
    return { code, description, nonce };
  };
  const denials = () => under.journal.of('dev.postern.exchange.denied.v1');

  it.each<[string, CanaryKind, (text: string) => FormParameters]>([
    [
      'a handle as subject_token',
      'handle',
      (text) => ({ subject_token: text, subject_token_type: `${TYPE}access_token` }),
    ],
    [
      'a handle of the wrong type',
      'handle',
      (text) => ({ subject_token: text, subject_token_type: `${TYPE}jwt` }),
    ],
    [
      'a password as subject_token',
      'credential',
      (text) => ({ subject_token: text, subject_token_type: `${TYPE}jwt` }),
    ],
    ['a password as client_secret', 'credential', (text) => ({ client_secret: text })],
  ])('gets the answer of any other, and is told of: %s', async (_, kind, parameters) => {
    const { plaintext, id } = await plant(kind);
    const subject = await under.mint();
    const asked = (text: string): FormParameters => ({
      subject_token: subject,
      ...parameters(text),
      subject_token_type: `${TYPE}unknown`,
      ...('subject_token_type' in parameters(text)
        ? { subject_token_type: parameters(text)['subject_token_type'] }
        : {}),
    });
    const other = await refusal(asked(mintCanary(kind, 'test').plaintext));
    expect(await refusal(asked(plaintext))).toEqual(other);
    expect(denials().map(({ canary_id: told }) => told)).toEqual([undefined, id]);
    expect(denials()[1]).toMatchObject({ reason: 'canary', error: denials()[0]!.error });
    expect(under.journal.events.at(-1)?.severitytext).toBe('FATAL');
    expect(JSON.stringify(under.journal.events)).not.toContain(plaintext);
  });

  it('is seen as the password of a caller, too', async () => {
    const { plaintext, id } = await plant('credential');
    const basic = (text: string): string =>
      `Basic ${Buffer.from(`svc:${text}`).toString('base64')}`;
    const other = await refusal({}, basic(mintCanary('credential', 'test').plaintext));
    expect(await refusal({}, basic(plaintext))).toEqual(other);
    expect(denials().at(-1)).toMatchObject({ reason: 'canary', canary_id: id });
  });

  it('is not active', async () => {
    const { plaintext } = await plant('handle');
    expect(await under.handles.findByDigest(mintCanary('handle', 'test').digest)).toBeUndefined();
    const request = { subject_token: plaintext, subject_token_type: `${TYPE}access_token` };
    expect(await refusal(request)).toMatchObject({ code: 'invalid_request' });
  });

  it('changes nothing for an exchange that is permitted', async () => {
    await plant('handle');
    expect(await under.exchange()).toMatchObject({ tokenType: 'Bearer' });
    expect(denials()).toEqual([]);
  });
});
