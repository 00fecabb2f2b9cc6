import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** The attributes that this consumer looks at. There are more, and there will be more. */
export interface PosternEvent {
  readonly id: string;
  readonly type: string;
  readonly dataschema: string;
  readonly partitionkey: string;
  readonly data: unknown;
}

/** What does not hold: where in the event, and which rule. Never the value. */
export interface Problem {
  readonly at: string;
  readonly rule: string;
}

export type Reading =
  | { readonly kind: 'event'; readonly event: PosternEvent; readonly knownSchema: boolean }
  | { readonly kind: 'tombstone' }
  | { readonly kind: 'broken'; readonly problems: readonly Problem[] };

const ENVELOPE = 'https://postern.dev/schemas/cloudevent.json';

/** Reads records by the published schemas: those of `docs/schemas`, found by the `$id` that `dataschema` names. */
export class Records {
  readonly #ajv = new Ajv2020({ allErrors: true });

  constructor(folder: string) {
    addFormats.default(this.#ajv);
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.json')) continue;
      this.#ajv.addSchema(JSON.parse(readFileSync(join(folder, file), 'utf8')) as object);
    }
  }

  read(record: { readonly key: Buffer | null; readonly value: Buffer | null }): Reading {
    if (record.value === null) return { kind: 'tombstone' };
    const event = parsed(record.value);
    const envelope = this.#problems(ENVELOPE, event, '');
    if (envelope.length > 0) return { kind: 'broken', problems: envelope };
    return this.#readData(event as PosternEvent, record.key?.toString());
  }

  /** The schema of a later version is not here yet: such an event is handed on, not refused. */
  #readData(event: PosternEvent, key: string | undefined): Reading {
    const knownSchema = this.#ajv.getSchema(event.dataschema) !== undefined;
    const problems = knownSchema ? this.#problems(event.dataschema, event.data, '/data') : [];
    if (key !== event.partitionkey) problems.push({ at: 'key', rule: 'is partitionkey' });
    return problems.length > 0
      ? { kind: 'broken', problems }
      : { kind: 'event', event, knownSchema };
  }

  #problems(schema: string, value: unknown, root: string): Problem[] {
    const validate = this.#ajv.getSchema(schema);
    if (validate === undefined) throw new Error(`${schema} is not among the schemas`);
    if (validate(value) === true) return [];
    return (validate.errors ?? []).map(({ instancePath, keyword }) => ({
      at: root + instancePath,
      rule: keyword,
    }));
  }
}

function parsed(value: Buffer): unknown {
  // eslint-disable-next-line no-restricted-syntax -- This is no test: what is no JSON is one of the answers.
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined; // No object, so the schema of the envelope refuses it.
  }
}
