import { pathText } from './schema-problems.js';
import { entries, mapping, type Report, type Written } from './written-settings.js';

interface RefPlace {
  readonly text: string;
  readonly path: readonly PropertyKey[];
}

/** What the rotation of one resource says of others: looks at what is written, as crossProblems does. */
export function reportRotations(config: Written, report: Report): void {
  const credentials = entries(config, 'resources').flatMap(([index, resource]) => {
    const path = ['resources', index, 'credential', 'ref'];
    const text = refOf(mapping(resource['credential'])['ref']);
    return text === undefined ? [] : [{ text, path, index, rotation: resource['rotation'] }];
  });
  const rotated = credentials.filter(({ rotation }) => rotation !== undefined);
  for (const [place, one] of rotated.entries()) {
    const first = rotated.slice(0, place).find(({ text }) => text === one.text);
    if (first !== undefined) {
      report(
        ['resources', one.index, 'rotation'],
        `its credential, ${one.text}, is rotated by ${pathText(['resources', first.index, 'rotation'])} already: leave one of them out`,
      );
    }
    reportOwn(one, report);
  }
  reportIntakeKey(config, credentials, report);
}

/** An account that is needed when the credential does not work must not be that credential. */
function reportOwn(
  { text, index, rotation }: { text: string; index: number; rotation: unknown },
  report: Report,
): void {
  const written = mapping(rotation);
  const others: RefPlace[] = [
    { path: ['change', 'by'], text: refOf(mapping(mapping(written['change'])['by'])['ref']) ?? '' },
    { path: ['reconcile'], text: refOf(mapping(written['reconcile'])['ref']) ?? '' },
  ];
  for (const other of others.filter((one) => one.text === text)) {
    report(
      ['resources', index, 'rotation', ...other.path, 'ref'],
      `${text} is what is rotated: expected the ref of another account`,
    );
  }
}

function reportIntakeKey(config: Written, credentials: readonly RefPlace[], report: Report): void {
  const intakeKey =
    refOf(mapping(config['rotator'])['intakeKey']) ?? 'secret/postern/rotator-intake';
  for (const { text, path } of credentials) {
    if (text !== intakeKey) continue;
    report(path, `${text} is rotator.intakeKey: expected the ref of a credential`);
  }
}

/** `mount/path`; undefined when it is none, which the schema says. */
function refOf(written: unknown): string | undefined {
  const { mount, path } = mapping(written);
  return typeof mount === 'string' && typeof path === 'string' ? `${mount}/${path}` : undefined;
}
