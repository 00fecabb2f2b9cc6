import { type Command } from 'commander';
import { z } from 'zod';
import { fetchWithProof, PosternRefused } from '#client';
import { DependencyUnavailable } from '#kernel';
import { openDpopKey } from './dpop-key-file.js';
import { readHandle } from './input.js';
import { shown } from './shown.js';

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

/** The options of AdminOptions. */
export const addAdminOptions = (command: Command): Command =>
  command
    .option('--origin <url>', "Postern's public origin", 'http://127.0.0.1:8080')
    .option('--admin <url>', 'origin of the admin API', 'http://127.0.0.1:8081')
    .option('--handle-file <file>', 'read the handle from a file; - for standard input')
    .option('--dpop-key <file>', 'the private key that the handle is bound to');

/**
 * Asks the admin API, with the operator handle and, when a key is named, a proof. Never follows a redirect: the handle is
 * for the origin that was named.
 * @param path With its slash: `/admin/v1/...`
 * @throws UsageError, PosternRefused, DependencyUnavailable
 */
export async function askAdmin(
  path: string,
  options: AdminOptions,
  init: RequestInit = {},
): Promise<AdminAnswer> {
  const handle = await readHandle(options);
  const response = await send(path, options, { init, handle });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new PosternRefused(response.status, detailOf(body), undefined);
  return { status: response.status, body };
}

async function send(
  path: string,
  { admin, origin, dpopKey }: AdminOptions,
  { init, handle }: { readonly init: RequestInit; readonly handle: string },
): Promise<Response> {
  const prover = dpopKey === undefined ? undefined : await openDpopKey(dpopKey);
  const headers = new Headers(init.headers);
  headers.set('authorization', `${prover === undefined ? 'Bearer' : 'DPoP'} ${handle}`);
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const request: RequestInit = { ...init, headers, signal, redirect: 'error' };
  const [url, provenUrl] = [`${withoutSlash(admin)}${path}`, `${withoutSlash(origin)}${path}`];
  const target = { endpoint: 'admin', url, provenUrl, method: init.method ?? 'GET' } as const;
  const answer =
    prover === undefined
      ? fetch(url, request)
      : fetchWithProof(prover, { ...target, handle, init: request });
  return answer.catch((cause: unknown) => {
    const message = `the admin API does not answer at ${admin}: name it with --admin`;
    throw new DependencyUnavailable('admin API', message, { cause });
  });
}

const withoutSlash = (origin: string): string => origin.replace(/\/$/, '');

function detailOf(answer: unknown): string {
  const { data } = z.object({ detail: z.string() }).safeParse(answer);
  return shown(data?.detail ?? 'refused');
}
