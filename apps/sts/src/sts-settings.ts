import { type OperatorAuthentication } from '#oauth';

/** What the endpoints need besides the pipelines. */
export abstract class StsSettings {
  abstract readonly publicOrigin: string;
  abstract readonly operators: OperatorAuthentication;
}
