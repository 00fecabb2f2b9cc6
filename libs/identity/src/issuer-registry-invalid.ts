import { PosternError } from '#kernel';

/** The registered issuers cannot be used as declared. */
export class IssuerRegistryInvalid extends PosternError {
  override readonly code = 'issuer-registry-invalid';

  constructor(
    readonly issuerId: string,
    problem: string,
  ) {
    super(`issuer ${issuerId}: ${problem}`);
  }
}
