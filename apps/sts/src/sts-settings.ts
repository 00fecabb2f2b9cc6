import { type OperatorAuthentication } from '#oauth';

/** What the endpoints need besides the pipelines. */
export abstract class StsSettings {
  abstract readonly publicOrigin: string;
  abstract readonly operators: OperatorAuthentication;
  /** Hears of failures that are not the caller's: a dependency that is gone, a fault of ours. */
  abstract readonly onFault: (failure: unknown) => void;
}
