import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command } from 'commander';
import { PosternRefused } from '#client';
import { clientOf } from '../client-of.js';
import { readHandle, readInput } from '../input.js';
import { shown } from '../shown.js';

interface CallOptions {
  readonly origin: string;
  readonly method: string;
  readonly handleFile?: string;
  readonly dpopKey?: string;
  readonly bodyFile?: string;
  readonly contentType?: string;
}

/** `postern call <resource> <path>`: one call, the legacy system's answer on standard output. */
export function addCall(program: Command): void {
  program
    .command('call <resource> <path>')
    .description('call a legacy system through Postern with the handle in POSTERN_HANDLE')
    .option('--origin <url>', "Postern's public origin", 'http://127.0.0.1:8080')
    .option('-X, --method <method>', 'HTTP method', 'GET')
    .option('--handle-file <file>', 'read the handle from a file; - for standard input')
    .option(
      '--dpop-key <file>',
      'the private key that the handle is bound to: the file that postern exchange was given',
    )
    .option('--body-file <file>', 'request body; - for standard input')
    .option('--content-type <type>', 'of the body')
    .action(call);
}

async function call(resource: string, path: string, options: CallOptions): Promise<void> {
  const client = await clientOf(options);
  const response = await client.call(await readHandle(options), resource, path, {
    method: options.method,
    ...(options.bodyFile === undefined ? {} : { body: await readInput(options.bodyFile) }),
    ...(options.contentType === undefined
      ? {}
      : { headers: { 'content-type': options.contentType } }),
  });
  const refusal = response.headers.get('postern-error');
  if (refusal !== null) {
    const correlationId = response.headers.get('postern-correlation-id') ?? undefined;
    throw new PosternRefused(response.status, refusal, correlationId);
  }
  process.stderr.write(`${response.status} ${shown(response.statusText)}\n`);
  if (response.body !== null) {
    await pipeline(Readable.fromWeb(response.body as never), process.stdout, { end: false });
  }
  if (response.status >= 400) process.exitCode = 1;
}
