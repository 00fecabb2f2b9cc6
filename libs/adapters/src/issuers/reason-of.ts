import { isNativeError } from 'node:util/types';

/** What a caught error says, for a message of our own. */
export const reasonOf = (error: unknown): string =>
  isNativeError(error) && error.message !== '' ? error.message : 'for an unknown reason';
