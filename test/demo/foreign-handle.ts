import { mintHandle } from '#handles';

/** A well-formed handle of another environment, as a misdirected or stolen one would be. */
export const foreignHandle = (environment: string): string => mintHandle(environment).plaintext;
