import { inspect } from 'node:util';
import { Introspection, Form, OAuthError } from '#oauth';
import { aCaller, aFormRequest, ExchangeUnderTest, type FormParameters } from '#testing';

/** Invariant 3 and G9: a handle is stored by digest, and neither it nor a subject token is in any event or error. */
describe('what an exchange leaves behind', () => {
  let sts: ExchangeUnderTest;
  const failures: unknown[] = [];

  const written = (): string =>
    JSON.stringify([...sts.records.handles.values(), ...sts.records.uses, sts.journal.events]) +
    failures.map((failure) => inspect(failure, { depth: 10 })).join('\n');

  const encodings = (text: string): string[] => [
    text,
    encodeURIComponent(text),
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('base64').slice(0, -3),
    Buffer.from(text).toString('base64url').slice(0, -3),
  ];

  const tryTo = async (step: () => Promise<unknown>): Promise<void> => {
    await step().catch((failure: unknown) => failures.push(failure));
  };

  const attempt = (parameters: FormParameters, overrides = {}): Promise<void> =>
    tryTo(() => sts.exchange(parameters, overrides));

  beforeEach(async () => {
    sts = await ExchangeUnderTest.create();
    failures.length = 0;
  });

  it('holds no handle, however it was used', async () => {
    const { handle } = await sts.exchange();
    const { revocation } = sts.server;
    const form = Form.parse(aFormRequest({ token: handle }));
    await new Introspection(sts.parts).introspect(handle);
    await attempt({ subject_token: handle });
    await attempt({}, { authorization: `Bearer ${handle}` });
    await attempt({ audience: handle.slice(0, 20) });
    sts.records.setReachable(false);
    await tryTo(() => revocation.revoke(form, aCaller()));
    sts.records.setReachable(true);
    await revocation.revoke(form, aCaller());
    expect(failures).toHaveLength(4);
    for (const text of encodings(handle)) expect(written()).not.toContain(text);
  });

  it('holds no subject token and no signature, accepted, spent or refused', async () => {
    const tokens = [
      await sts.mint(),
      await sts.mint({ aud: 'https://other.test' }),
      await sts.mint({ exp: 1 }),
      `${await sts.mint()}x`,
    ];
    for (const subjectToken of tokens) await attempt({ subject_token: subjectToken });
    await attempt({ subject_token: tokens[0] });
    sts.keys.setReachable(false);
    sts.clock.advance(7_200);
    await attempt({ subject_token: tokens[0] });
    expect(failures).toHaveLength(5);
    for (const token of tokens) {
      const [, claims, signature] = token.split('.');
      for (const part of [token, claims!, signature!]) expect(written()).not.toContain(part);
    }
  });

  it('holds no client secret, no assertion and no Authorization header', async () => {
    const assertion = await sts.mint({ sub: 'workload-2' });
    await attempt({ client_secret: 'canary-secret-1' });
    await attempt({}, { authorization: 'Basic Y2FuYXJ5OmNhbmFyeS1zZWNyZXQtMg==' });
    await attempt({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    });
    expect(failures).toHaveLength(3);
    for (const text of ['canary', 'Y2FuYXJ5', assertion]) expect(written()).not.toContain(text);
  });

  it('T-11: answers in constant words: nothing that a caller sent comes back', async () => {
    const canary = 'canary-7c1f';
    const places: FormParameters[] = [
      { grant_type: canary },
      { subject_token: canary },
      { subject_token_type: canary },
      { requested_token_type: canary },
      { audience: canary },
      { resource: `https://${canary}.test/` },
      { scope: canary },
      { actor_token: canary },
      { client_secret: canary },
    ];
    for (const parameters of places) await attempt(parameters);
    expect(failures).toHaveLength(places.length);
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(OAuthError);
      expect((failure as OAuthError).description).not.toContain(canary);
    }
  });
});
