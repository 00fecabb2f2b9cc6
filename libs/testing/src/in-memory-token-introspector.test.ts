import { TokenRejected } from '#identity';
import {
  anIntrospectionAnswer,
  anIntrospectionRegistration,
  FixedClock,
  InMemoryTokenIntrospector,
  tokenIntrospectorContract,
} from '#testing';

describe('an in-memory token introspector', () => {
  tokenIntrospectorContract(async () => {
    const introspector = new InMemoryTokenIntrospector();
    const issuer = anIntrospectionRegistration();
    const clientSecret = { mount: 'secret', path: 'postern/wrong' };
    const issuerWithWrongSecret = anIntrospectionRegistration({ clientSecret });
    introspector.refuseClient(issuerWithWrongSecret);
    let issued = 0;
    return {
      introspector,
      issuer,
      issuerWithWrongSecret,
      secrets: [],
      issue: async () => {
        issued += 1;
        const token = `opaque-token-${issued}`;
        introspector.answer(issuer, token, anIntrospectionAnswer(new FixedClock()));
        return token;
      },
      revoke: async (token) => introspector.revoke(issuer, token),
      setReachable: async (reachable) => introspector.setReachable(reachable),
      questions: () => introspector.questions,
      close: async () => undefined,
    };
  });

  it('I-21: refuses a body that is not JSON as every introspector does', async () => {
    const introspector = new InMemoryTokenIntrospector();
    const issuer = anIntrospectionRegistration();
    introspector.answer(issuer, 'token', '<!doctype html>');
    await expect(introspector.introspect(issuer, 'token')).rejects.toThrow(TokenRejected);
  });
});
