import { inject, injectEntry } from './config-inject.js';

describe('inject: what signs', () => {
  it('aws-sigv4 signs bodies unless it is told not to, and needs no session token', () => {
    const written = {
      as: 'aws-sigv4',
      accessKeyId: 'id',
      secretAccessKey: 'key',
      region: 'eu-central-1',
      service: 's3',
    };
    const { as: kind, ...rest } = written;
    expect(injectEntry(inject.parse(written))).toEqual({ kind, ...rest, unsignedPayload: false });
    expect(
      injectEntry(inject.parse({ ...written, sessionToken: 'token', unsignedPayload: true })),
    ).toMatchObject({ sessionToken: 'token', unsignedPayload: true });
    expect(() => inject.parse({ ...written, region: undefined })).toThrow(/region/);
  });

  it('soap-username-token takes both envelopes unless it is told otherwise, and must know the type', () => {
    const written = { as: 'soap-username-token', username: 'u', password: 'p', type: 'digest' };
    expect(injectEntry(inject.parse(written))).toEqual({
      kind: 'soap-username-token',
      username: 'u',
      password: 'p',
      type: 'digest',
      mustUnderstand: false,
      soap: 'auto',
    });
    expect(() => inject.parse({ ...written, type: undefined })).toThrow(
      /expected one of text, digest/,
    );
    expect(() => inject.parse({ ...written, soap: 1.1 })).toThrow(/expected one of 1.1, 1.2, auto/);
  });
});
