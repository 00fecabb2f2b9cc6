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
  reportSharedIntake(rotated, report);
}

/** A wrapping token says where its value was read, and not for whom: whoever hands it over could choose. */
function reportSharedIntake(
  rotated: readonly { readonly index: number; readonly rotation: unknown }[],
  report: Report,
): void {
  const first = new Map<string, number>();
  for (const { index, rotation } of rotated) {
    const { creationPath, namespace } = mapping(mapping(rotation)['wrapped']);
    if (typeof creationPath !== 'string') continue;
    const place = JSON.stringify([namespace, creationPath]);
    const before = first.get(place);
    if (before === undefined) first.set(place, index);
    else {
      report(
        ['resources', index, 'rotation', 'wrapped', 'creationPath'],
        `is that of resources[${before}] already: a wrapping token for the one would be taken for the other`,
      );
    }
  }
}

/** Folder of Postern's own secrets, all of which the STS may read, and the names in it that it may not (sts.hcl). */
const STS_READS = /^postern\/(?!rotator-)/;

/** An account that is needed when the credential does not work must not be that credential. */
function reportOwn(
  { text, index, rotation }: { text: string; index: number; rotation: unknown },
  report: Report,
): void {
  const written = mapping(rotation);
  const others = [
    { within: ['change', 'by'], ref: mapping(mapping(written['change'])['by'])['ref'] },
    { within: ['reconcile'], ref: mapping(written['reconcile'])['ref'] },
  ];
  for (const { within, ref } of others) {
    const path = ['resources', index, 'rotation', ...within, 'ref'];
    if (refOf(ref) === text) {
      report(path, `${text} is what is rotated: expected the ref of another account`);
    }
    reportReadable(ref, path, report);
  }
}

function reportIntakeKey(config: Written, credentials: readonly RefPlace[], report: Report): void {
  const written = mapping(config['rotator'])['intakeKey'];
  reportReadable(written, ['rotator', 'intakeKey'], report);
  const intakeKey = refOf(written) ?? 'secret/postern/rotator-intake';
  for (const { text, path } of credentials) {
    if (text !== intakeKey) continue;
    report(path, `${text} is rotator.intakeKey: expected the ref of a credential`);
  }
}

function reportReadable(ref: unknown, path: readonly PropertyKey[], report: Report): void {
  const { path: written } = mapping(ref);
  if (typeof written !== 'string' || !STS_READS.test(written)) return;
  report(
    path,
    `${written} may be read by the STS, and so may all below postern/ but postern/rotator-...: expected such a path`,
  );
}

/** `mount/path`; undefined when it is none, which the schema says. */
function refOf(written: unknown): string | undefined {
  const { mount, path } = mapping(written);
  return typeof mount === 'string' && typeof path === 'string' ? `${mount}/${path}` : undefined;
}
