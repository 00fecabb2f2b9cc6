import { PosternError } from '#kernel';
import { HopelessRecord } from './hopeless-record.js';

const CLASS_CHARACTERS_MAX = 100;

/**
 * What kind of error it is, for metrics, alarms and dead letters: the code of one of ours, with the reason of an
 * hopeless record, else the name of its class. Never its text, which may quote what it stumbled over.
 */
export function errorClassOf(error: Error): string {
  if (error instanceof HopelessRecord) return `${error.code}/${error.reason}`;
  const name = error instanceof PosternError ? error.code : error.name;
  return name.replace(/[^A-Za-z0-9_/-]/g, '').slice(0, CLASS_CHARACTERS_MAX);
}

/** For an operator: the class, and the text of an error of ours, which never holds what a record says. */
export const blockReasonOf = (error: Error): string =>
  error instanceof PosternError ? `${errorClassOf(error)}: ${error.message}` : errorClassOf(error);

/** What was thrown, as an error. */
export const errorOf = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(typeof thrown === 'string' ? thrown : 'no error');
