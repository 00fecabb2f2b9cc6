import { inspect } from 'node:util';

/** Whose a canary is: what a caller holds (handles, tokens, proofs), or what Postern keeps from callers. */
export type CanaryOwner = 'caller' | 'secret';

/** A canary where it must not be. */
export interface Finding {
  readonly place: string;
  readonly canary: string;
  readonly form: string;
  /** What stands around it. */
  readonly excerpt: string;
}

interface Form {
  readonly canary: string;
  readonly owner: CanaryOwner;
  readonly form: string;
  readonly text: string;
}

const EXCERPT_CHARACTERS = 100;
/** A shorter piece would be found by chance. */
const LENGTH_MIN = 8;

/**
 * Unique texts that must be in nothing that leaves: neither as they are nor in base64, base64url, hexadecimal,
 * percent-encoded or JSON-escaped. It knows nothing of the scrubber's own forms: texts are decoded before they are searched.
 */
export class Canaries {
  /** By their first characters. */
  readonly #forms = new Map<string, Form[]>();

  /** Texts of which each is a canary of its own. */
  add(canary: string, owner: CanaryOwner, ...texts: readonly string[]): void {
    for (const text of texts) {
      if (text.length < LENGTH_MIN)
        throw new Error(`${canary} is too short to be told from chance`);
      for (const one of formsOf(text)) {
        const start = one.text.slice(0, LENGTH_MIN);
        const known = this.#forms.get(start) ?? [];
        if (known.some((other) => other.text === one.text)) continue;
        this.#forms.set(start, [...known, { ...one, canary, owner }]);
      }
    }
  }

  /** Where in a text canaries stand, each form once; by default those of all owners. */
  in(place: string, content: string, owner?: CanaryOwner): readonly Finding[] {
    const found = new Map<Form, Finding>();
    for (const reading of readingsOf(content)) {
      for (const { form, at } of this.#formsIn(reading)) {
        if ((owner !== undefined && form.owner !== owner) || found.has(form)) continue;
        const excerpt = reading.slice(
          Math.max(0, at - EXCERPT_CHARACTERS),
          at + EXCERPT_CHARACTERS,
        );
        found.set(form, { place, canary: form.canary, form: form.form, excerpt });
      }
    }
    return [...found.values()];
  }

  *#formsIn(reading: string): Generator<{ readonly form: Form; readonly at: number }> {
    for (let at = 0; at <= reading.length - LENGTH_MIN; at += 1) {
      const begun = this.#forms.get(reading.slice(at, at + LENGTH_MIN)) ?? [];
      for (const form of begun) if (reading.startsWith(form.text, at)) yield { form, at };
    }
  }
}

type Encoded = Omit<Form, 'canary' | 'owner'>;

function formsOf(text: string): readonly Encoded[] {
  const bytes = Buffer.from(text, 'utf8');
  const hex = bytes.toString('hex');
  return [
    { form: 'raw', text },
    { form: 'raw as Latin-1 shows it', text: bytes.toString('latin1') },
    { form: 'hexadecimal', text: hex },
    { form: 'upper-case hexadecimal', text: hex.toUpperCase() },
    ...[0, 1, 2].flatMap((offset) => alignedBase64(bytes, offset)),
  ];
}

/** What of the encoding is of these bytes alone when `offset` bytes of others stand before and some after. */
function alignedBase64(bytes: Buffer, offset: number): readonly Encoded[] {
  const first = (3 - offset) % 3;
  const own = bytes.subarray(first, first + Math.floor((bytes.length - first) / 3) * 3);
  const form = (name: string) => `${name} at ${offset}`;
  return [
    { form: form('base64'), text: own.toString('base64') },
    { form: form('base64url'), text: own.toString('base64url') },
  ].filter(({ text }) => text.length >= LENGTH_MIN);
}

/** A text as it is, and decoded as a URL, a form and JSON would be, also one in the other; a buffer as it is printed. */
function readingsOf(content: string): readonly string[] {
  const once = [content, ...decodings(content)];
  return [...new Set([...once, ...once.flatMap(decodings)])];
}

const decodings = (text: string): readonly string[] => [
  withoutPercent(text),
  withoutEscapes(text),
  text.replace(/<Buffer ([0-9a-f ]+)/g, (_, bytes: string) => bytes.replaceAll(' ', '')),
];

const withoutPercent = (text: string): string =>
  text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
    );

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

const withoutEscapes = (text: string): string =>
  text.replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gi, (_, four, two, one) =>
    one === undefined
      ? String.fromCharCode(parseInt(String(four ?? two), 16))
      : (ESCAPES[String(one)] ?? String(one)),
  );

/** All of an object that can be printed: hidden members, every depth, whole texts. */
export const printed = (value: unknown): string =>
  inspect(value, {
    showHidden: true,
    depth: Infinity,
    maxArrayLength: null,
    maxStringLength: null,
    breakLength: Infinity,
  });

/** All that an error tells: it and its causes printed, each with message and stack, and as JSON. */
export function toldBy(error: unknown): string {
  const told = [printed(error), String(error)];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    told.push(cause.message, cause.stack ?? '', JSON.stringify(Object.entries(cause)));
  }
  return told.join('\n');
}
