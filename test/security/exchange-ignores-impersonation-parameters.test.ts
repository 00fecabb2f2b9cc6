import { ExchangeUnderTest, type FormParameters } from '#testing';

/**
 * Parameters by which other servers let a caller choose whom the new token is for (Keycloak's `requested_subject`), or
 * who vouches for it (`subject_issuer`). T-05: they mean nothing here, and change nothing.
 */
it.each([
  { requested_subject: 'admin' },
  { requested_subject: ['admin', 'root'] },
  { requested_issuer: 'https://idp.test' },
  { subject_issuer: 'https://other.test' },
  { sub: 'admin', iss: 'https://other.test', act: '{"sub":"admin"}' },
  { username: 'admin', password: 'admin' },
  { environment: 'prod', max_ttl: '86400', expires_in: '86400', grant: 'operator-operates' },
] as FormParameters[])('T-05: ignores %j', async (parameters) => {
  const sts = await ExchangeUnderTest.create();
  const issued = await sts.exchange(parameters);
  expect(issued).toMatchObject({ scopes: ['ledger.read'], expiresInSeconds: 300 });
  expect(await sts.handles.findById(issued.handleId)).toMatchObject({
    subject: { issuer: 'https://idp.test', subject: 'workload-1' },
    environment: 'test',
    grant: { id: 'workload-reads-ledger' },
  });
});
