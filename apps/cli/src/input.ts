import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UsageError } from './usage-error.js';

const INPUT_BYTES_MAX = 1024 * 1024;

/**
 * What a person or a pipe hands over by file or on standard input (`-`): never by argument, which every process of the
 * machine can read.
 * @throws UsageError that names the file
 */
export async function readInput(source: string): Promise<string> {
  if (source === '-') {
    if (process.stdin.isTTY) process.stderr.write('reading standard input until Ctrl-D ...\n');
    return limited(await text(process.stdin), 'standard input');
  }
  const content = await readFile(source, 'utf8').catch((error: unknown) => {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new UsageError(`${source}: cannot be read (${reason})`);
  });
  return limited(content, source);
}

function limited(content: string, name: string): string {
  const trimmed = content.trim();
  if (trimmed === '') throw new UsageError(`${name}: is empty`);
  if (trimmed.length > INPUT_BYTES_MAX) throw new UsageError(`${name}: is larger than 1 MiB`);
  return trimmed;
}

/** A handle from the variable, or from the file that was named. */
export async function readHandle(options: { readonly handleFile?: string }): Promise<string> {
  if (options.handleFile !== undefined) return handleIn(await readInput(options.handleFile));
  const fromEnvironment = process.env['POSTERN_HANDLE'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return handleIn(fromEnvironment);
  throw new UsageError(
    'no handle: set POSTERN_HANDLE, or name a file with --handle-file (- for standard input)',
  );
}

/** What no header takes is refused here: `fetch` would quote the whole header in its error. */
function handleIn(text: string): string {
  if (/^[\x21-\x7e]{1,1024}$/.test(text)) return text;
  throw new UsageError('the handle has characters that no handle has');
}
