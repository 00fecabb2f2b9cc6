// docs/conformance/requirements.yaml: what is required, where that comes from, and why something needs no test.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ID } from './ids.mjs';

const text = z.string().trim().min(1);
const requirement = z
  .strictObject({
    id: z.string().regex(ID),
    requirement: text,
    reference: text,
    /** Why it cannot apply to Postern. */
    notApplicable: text.optional(),
    /** What is done today instead of it. */
    later: text.optional(),
  })
  .refine((one) => one.notApplicable === undefined || one.later === undefined, {
    error: 'is notApplicable or later, not both',
  });
const section = z.strictObject({ section: text, requirements: z.array(requirement).min(1) });

/**
 * @returns {{ section: string, requirements: { id: string, requirement: string, reference: string,
 *   notApplicable?: string, later?: string }[] }[]}
 * @throws Error naming the file, for what is not of this shape and for an id that stands there twice
 */
export function readRequirements(file) {
  const parsed = z
    .array(section)
    .min(1)
    .safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  const seen = new Set();
  for (const { id } of parsed.data.flatMap(({ requirements }) => requirements)) {
    if (seen.has(id)) throw new Error(`${file}: ${id} stands there twice`);
    seen.add(id);
  }
  return parsed.data;
}
