import { HttpTokenIntrospector } from '#adapters/issuers';
import { type IntrospectionDeclaration } from '#identity';
import { DependencyUnavailable, Secret } from '#kernel';
import { anIntrospectionRegistration } from '#testing';

describe('an introspection endpoint at an address that must not be contacted', () => {
  const introspector = new HttpTokenIntrospector({
    clientSecretOf: async () => ({ clientId: 'postern', clientSecret: Secret.of('hunter2') }),
  });
  const refused = async (
    message: RegExp,
    declared: Partial<IntrospectionDeclaration>,
  ): Promise<void> => {
    const asked = introspector.introspect(anIntrospectionRegistration(declared), 'opaque-token');
    await expect(asked).rejects.toThrow(DependencyUnavailable);
    await expect(asked).rejects.toThrow(message);
  };

  it.each([
    ['http://169.254.169.254/introspect', /must not be contacted/],
    ['https://169.254.169.254/introspect', /must not be contacted/],
    ['http://[fe80::1]/introspect', /must not be contacted/],
    ['http://[::ffff:169.254.169.254]/introspect', /must not be contacted/],
    ['http://2852039166/introspect', /must not be contacted/],
    ['http://8.8.8.8/introspect', /must not be contacted/],
    ['https://user:secret@partner.test/introspect', /user name or password/],
    ['file:///etc/passwd', /not https/],
    ['introspect', /not a URL/],
  ])('I-20: %s is refused whatever the registration permits', async (endpoint, message) => {
    await refused(message, { endpoint });
  });

  it.each([
    ['https://127.0.0.1/introspect', /must not be contacted/],
    ['https://10.0.0.1/introspect', /must not be contacted/],
    ['https://[::1]/introspect', /must not be contacted/],
    ['https://localhost/introspect', /must not be contacted/],
    ['http://partner.test/introspect', /not https/],
  ])('I-20: %s is refused unless the registration permits it', async (endpoint, message) => {
    await refused(message, { endpoint, allowPrivateEndpoint: false });
  });
});
