import { masked } from '#platform/start';
import { shown } from './shown.js';

/** A line for standard error: no handle or JWT in it, and nothing that steers a terminal. Without its line end. */
export const problemLine = (message: string): string => `postern: ${shown(masked(message))}`;

/** Tells of what is no reason to end. */
export const complain = (message: string): void =>
  void process.stderr.write(`${problemLine(message)}\n`);
