import { calculateJwkThumbprint, compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { type IntakeKey } from '#rotation';

/** An intake key, and what a rotator would open with its other half. */
export async function anIntakeKey(): Promise<{
  readonly intakeKey: IntakeKey;
  readonly open: (sealedToken: string) => Promise<string>;
}> {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256' });
  const jwk = (await exportJWK(publicKey)) as Record<string, string>;
  return {
    intakeKey: { kid: await calculateJwkThumbprint(jwk), jwk },
    open: async (sealedToken) => {
      const { plaintext } = await compactDecrypt(sealedToken, privateKey);
      return new TextDecoder().decode(plaintext);
    },
  };
}
