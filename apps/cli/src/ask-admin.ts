import { type Command } from 'commander';
import { z } from 'zod';
import { type DpopProver, fetchWithProof, PosternRefused } from '#client';
import { DependencyUnavailable } from '#kernel';
import { openDpopKey } from './dpop-key-file.js';
import { readHandle } from './input.js';
import { shownShort } from './shown.js';

/** Where the admin API is, and who asks. */
export interface AdminOptions {
  readonly admin: string;
  /** Postern's public origin, which proofs name wherever the admin API listens. */
  readonly origin: string;
  readonly handleFile?: string;
  readonly dpopKey?: string;
}

export interface AdminAnswer {
  readonly status: number;
  /** Undefined when it was no JSON. */
  readonly body: unknown;
}

const REQUEST_TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
const DETAIL_CHARACTERS_MAX = 2_000;
const [UNEXPECTED, WHO] = ['unexpected answer', ': is this the admin API?'];

/** The options of AdminOptions. */
export const addAdminOptions = (command: Command): Command =>
  command
    .option('--origin <url>', "Postern's public origin", 'http://127.0.0.1:8080')
    .option('--admin <url>', 'origin of the admin API', 'http://127.0.0.1:8081')
    .option('--handle-file <file>', 'read the handle from a file; - for standard input')
    .option('--dpop-key <file>', 'the private key that the handle is bound to');

/**
 * Asks the admin API, with the operator handle and, when a key is named, a proof. Never follows a redirect: the handle is
 * for the origin that was named. Takes at most 32 MiB and 15 seconds.
 * @param path With its slash: `/admin/v1/...`
 * @throws UsageError, PosternRefused, DependencyUnavailable
 */
export async function askAdmin(
  path: string,
  options: AdminOptions,
  init: RequestInit = {},
): Promise<AdminAnswer> {
  const handle = await readHandle(options);
  const prover = options.dpopKey === undefined ? undefined : await openDpopKey(options.dpopKey);
  const { response, text } = await answerOf(options, () =>
    send(path, options, { init, handle, prover }),
  );
  const { status } = response;
  if (text === undefined)
    throw new PosternRefused(status, `${UNEXPECTED} of over 32 MiB${WHO}`, undefined);
  const body = jsonIn(text);
  if (!response.ok) throw new PosternRefused(status, refusalIn(body), undefined);
  return { status, body };
}

/** As `askAdmin`, with a body. What is undefined in it is not sent. */
export const postAdmin = (
  path: string,
  options: AdminOptions,
  body: object,
): Promise<AdminAnswer> =>
  askAdmin(path, options, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** The answer as `schema` has it. @throws PosternRefused for another one: somebody else answered */
export function fitting<Output>(schema: z.ZodType<Output>, { status, body }: AdminAnswer): Output {
  const { data } = schema.safeParse(body);
  if (data !== undefined) return data;
  throw new PosternRefused(status, `${UNEXPECTED}${WHO}`, undefined);
}

interface Sent {
  readonly init: RequestInit;
  readonly handle: string;
  readonly prover: DpopProver | undefined;
}

function send(
  path: string,
  { admin, origin }: AdminOptions,
  { init, handle, prover }: Sent,
): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `${prover === undefined ? 'Bearer' : 'DPoP'} ${handle}`);
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const request: RequestInit = { ...init, headers, signal, redirect: 'manual' };
  const [url, provenUrl] = [`${withoutSlash(admin)}${path}`, `${withoutSlash(origin)}${path}`];
  const target = { endpoint: 'admin', url, provenUrl, method: init.method ?? 'GET' } as const;
  return prover === undefined
    ? fetch(url, request)
    : fetchWithProof(prover, { ...target, handle, init: request });
}

const withoutSlash = (origin: string): string => origin.replace(/\/$/, '');

/** The answer with its text; undefined when that is longer than any of the admin API. @throws DependencyUnavailable */
async function answerOf(
  { admin }: AdminOptions,
  ask: () => Promise<Response>,
): Promise<{ readonly response: Response; readonly text: string | undefined }> {
  const unavailable = (what: string, cause?: unknown): DependencyUnavailable =>
    new DependencyUnavailable('admin API', `${what}: name it with --admin`, { cause });
  try {
    const response = await ask();
    const { status } = response;
    if (status >= 300 && status < 400)
      throw unavailable(`the admin API is not at ${admin}, which redirects`);
    return { response, text: await limitedText(response, ANSWER_BYTES_MAX) };
  } catch (cause) {
    if (cause instanceof DependencyUnavailable) throw cause;
    throw unavailable(`the admin API does not answer at ${admin}`, cause);
  }
}

/** Undefined as soon as it is longer. */
async function limitedText(response: Response, bytesMax: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined; // Ending the loop ends the connection.
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refusalIn(answer: unknown): string {
  const { data } = z.object({ detail: z.string() }).safeParse(answer);
  return shownShort(data?.detail ?? 'refused', DETAIL_CHARACTERS_MAX);
}
