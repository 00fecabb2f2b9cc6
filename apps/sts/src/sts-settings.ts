import { type OperatorAuthentication } from '#oauth';
import { type ClientCertificates, type TrustedProxies } from '#platform';

/** What the endpoints need besides the pipelines. */
export abstract class StsSettings {
  /** Decides whose word on a caller's address counts. */
  abstract readonly trustedProxies: TrustedProxies;
  abstract readonly certificates: ClientCertificates;
  abstract readonly publicOrigin: string;
  abstract readonly operators: OperatorAuthentication;
  /** Hears of failures that are not the caller's: a dependency that is gone, a fault of ours. */
  abstract readonly onFault: (failure: unknown) => void;
}
