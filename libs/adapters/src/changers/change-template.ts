import { ChangeRefused } from '#rotation';
import { changeMethods, type ChangeRequest } from './changer-settings.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';

/** What the placeholders stand for. The user name is undefined where the secret names none. */
export interface ChangeValues {
  readonly username: string | undefined;
  readonly 'current.password': string;
  readonly 'next.password': string;
}

export interface RenderedChange {
  readonly method: ChangeRequest['method'];
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

type Placeholder = keyof ChangeValues;

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;
const KNOWN: ReadonlySet<string> = new Set<Placeholder>([
  'username',
  'current.password',
  'next.password',
]);
/** A user name that is a segment of a path as it is: nothing is escaped, so nothing can be read in two ways. */
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9\-._~!$&'()+,=:@]+$/;
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9\-._~!$&'()+,=:@{}]+)+$/;

/** A template of a change-password call, checked once. Each value is encoded for the format, and none is read as template. */
export class ChangeTemplate {
  /** @throws ChangerSettingsRefused */
  constructor(private readonly request: ChangeRequest) {
    const { method, path, fields, expect } = request;
    if (!changeMethods.includes(method))
      refuse('method', `must be one of ${changeMethods.join(', ')}`);
    if (!PATH.test(path)) refuse('path', 'must be a path without query, escapes and dot segments');
    assertOnly(path, new Set(['username']), 'path');
    for (const [name, template] of Object.entries(fields))
      assertOnly(template, KNOWN, `fields.${name}`);
    if (!this.holds('next.password')) refuse('fields', 'must hold {{next.password}}');
    if (expect.length === 0 || expect.some((status) => status < 200 || status > 299)) {
      refuse('expect', 'must be statuses from 200 to 299, at least one');
    }
  }

  /** Whether a field holds it. */
  holds(placeholder: Placeholder): boolean {
    return Object.values(this.request.fields).some((template) =>
      template.includes(`{{${placeholder}}}`),
    );
  }

  isExpected(status: number): boolean {
    return this.request.expect.includes(status);
  }

  /** @throws ChangeRefused */
  render(values: ChangeValues): RenderedChange {
    const { method, path, type, fields } = this.request;
    const filled = Object.entries(fields).map(([name, template]): [string, string] => [
      name,
      replaced(template, values),
    ]);
    return {
      method,
      path: pathOf(path, values),
      contentType: type === 'form' ? 'application/x-www-form-urlencoded' : 'application/json',
      body: Buffer.from(
        type === 'form'
          ? new URLSearchParams(filled).toString()
          : JSON.stringify(Object.fromEntries(filled)),
      ),
    };
  }
}

function pathOf(template: string, values: ChangeValues): string {
  const path = replaced(template, values);
  if (path !== template && !SEGMENT.test(values.username ?? '')) {
    throw new ChangeRefused(
      'username_unusable',
      'the user name holds characters that do not stand for themselves in rotation.change.request.path',
    );
  }
  return path;
}

/** One pass over the template: what a value holds is never a placeholder. */
const replaced = (template: string, values: ChangeValues): string =>
  template.replace(PLACEHOLDER, (_, name: Placeholder) => {
    const value = values[name];
    if (value !== undefined) return value;
    throw new ChangeRefused('value_incomplete', 'the secret has no user name: see rotation.fields');
  });

function assertOnly(template: string, known: ReadonlySet<string>, where: string): void {
  for (const [, name = ''] of template.matchAll(PLACEHOLDER)) {
    if (!known.has(name)) refuse(where, `holds the unknown placeholder {{${name}}}`);
  }
  if (/\{\{|\}\}/.test(template.replaceAll(PLACEHOLDER, ''))) {
    refuse(where, 'holds braces that are no placeholder');
  }
}

function refuse(where: string, what: string): never {
  throw new ChangerSettingsRefused(`rotation.change.request.${where} ${what}`);
}
