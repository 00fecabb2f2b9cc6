import { type Command, CommanderError } from 'commander';
import { PosternClientError, PosternRefused } from '#client';
import { PosternError } from '#kernel';
import { problemLine } from './problem-line.js';

/** Of sysexits.h. What a command says besides (0, 1 and 2) stands in its help. */
const EXIT = { usage: 64, unavailable: 69, internal: 70, refused: 77, config: 78 } as const;

/**
 * Runs one command; whatever fails becomes one line a problem and a code, never a stack trace.
 * @param admit Throws for arguments that nobody may look at: what commander does not know it repeats.
 */
export async function runCommand(
  program: Command,
  args: readonly string[],
  admit: (args: readonly string[]) => void = () => undefined,
): Promise<void> {
  try {
    admit(args);
    await program.parseAsync([...args]);
  } catch (failure) {
    process.exitCode = failure instanceof CommanderError ? askedCode(failure) : exitCodeOf(failure);
    if (failure instanceof CommanderError) return; // It has said so itself.
    const message = failure instanceof Error ? failure.message : 'unknown failure';
    for (const line of message.split('\n')) process.stderr.write(`${problemLine(line)}\n`);
  }
}

/** Commander ends with 1 for what it does not understand, which says something else here. */
const askedCode = ({ exitCode }: CommanderError): number =>
  exitCode === 1 ? EXIT.usage : exitCode;

function exitCodeOf(failure: unknown): number {
  if (failure instanceof PosternRefused) return EXIT.refused;
  if (failure instanceof PosternClientError) {
    return failure.code === 'invalid_argument' ? EXIT.usage : EXIT.refused;
  }
  if (!(failure instanceof PosternError)) return EXIT.internal;
  if (failure.code === 'usage') return EXIT.usage;
  return failure.code.endsWith('-unavailable') ? EXIT.unavailable : EXIT.config;
}
