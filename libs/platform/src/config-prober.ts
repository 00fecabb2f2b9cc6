import { resolve } from 'node:path';
import { z } from 'zod';
import { duration, id, publicOrigin, text } from './config-values.js';

const OWN_IDENTITY = ['subjectTokenFile', 'audience', 'scope'] as const;
const ON_ONLY = ['origin', ...OWN_IDENTITY] as const;
const EXPECTED: Readonly<Record<(typeof OWN_IDENTITY)[number], string>> = {
  subjectTokenFile: 'expected the file of a subject token, beside audience and scope',
  audience: 'expected the id of a resource, beside subjectTokenFile and scope',
  scope: 'expected a scope of that resource, beside subjectTokenFile and audience',
};

/** What Postern asks of itself from time to time, and must refuse. */
export const prober = z
  .strictObject({
    every: duration({ min: '10s', max: '1h' })
      .prefault('5m')
      .describe('how often sts and proxy ask themselves for what must be refused'),
    origin: publicOrigin
      .optional()
      .describe('who is asked; when absent, the public listener of the process itself'),
    subjectTokenFile: text
      .optional()
      .describe('a subject token of an identity that no grant permits; relative to this file'),
    audience: id.optional().describe('what it asks for: the id of a resource'),
    scope: text.optional().describe('a scope of that resource'),
    off: text.optional().describe('why nothing is asked; without this, the prober is on'),
  })
  .check(({ value, issues }) => {
    const given = OWN_IDENTITY.filter((name) => value[name] !== undefined);
    if (given.length > 0) {
      for (const name of OWN_IDENTITY.filter((other) => value[other] === undefined)) {
        issues.push({ code: 'custom', input: undefined, path: [name], message: EXPECTED[name] });
      }
    }
    if (value.off === undefined || ON_ONLY.every((name) => value[name] === undefined)) return;
    const message = `expected none of ${ON_ONLY.join(', ')} beside it`;
    issues.push({ code: 'custom', input: value.off, path: ['off'], message });
  });

export type ProberEntry =
  | { readonly kind: 'off'; readonly why: string }
  | {
      readonly kind: 'on';
      readonly everySeconds: number;
      /** Without a trailing slash. When absent, the process's own public listener. */
      readonly origin?: string;
      /** When present, it asks as itself as well: by a token of an identity that no grant permits. */
      readonly own?: OwnProbeEntry;
    };

export interface OwnProbeEntry {
  /** Absolute path. */
  readonly subjectTokenFile: string;
  readonly audience: string;
  readonly scope: string;
}

/** `folder` is what paths are relative to. */
export function proberEntry(written: z.output<typeof prober>, folder: string): ProberEntry {
  const { every, origin, off } = written;
  if (off !== undefined) return { kind: 'off', why: off };
  const own = ownProbe(written, folder);
  return {
    kind: 'on',
    everySeconds: every,
    ...(origin === undefined ? {} : { origin }),
    ...(own === undefined ? {} : { own }),
  };
}

function ownProbe(
  { subjectTokenFile, audience, scope }: z.output<typeof prober>,
  folder: string,
): OwnProbeEntry | undefined {
  if (subjectTokenFile === undefined || audience === undefined || scope === undefined) {
    return undefined;
  }
  return { subjectTokenFile: resolve(folder, subjectTokenFile), audience, scope };
}
