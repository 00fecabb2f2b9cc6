import { performance } from 'node:perf_hooks';
import { ExportVerifier, type Finding, MEANINGS, type Proven, type VerifierOptions } from '#audit';
import { linesOf } from './file-lines.js';
import { shown, shownShort } from './shown.js';

const QUIET_MS = 2_000;
const LOOK_EVERY_LINES = 1_000;
const DETAIL_CHARACTERS_MAX = 1_000;

export interface Verification {
  readonly proven: Proven;
  /** Undefined: all of it is proven. */
  readonly finding: Finding | undefined;
}

/** Reads an export to its end, or to the first thing that is wrong. `progress` hears of it when it takes long. */
export async function verifyExport(
  source: string,
  options: VerifierOptions,
  progress: (line: string) => void,
): Promise<Verification> {
  const verifier = new ExportVerifier(options);
  let toldAt = performance.now();
  let lines = 0;
  for await (const line of linesOf(source)) {
    const finding = verifier.take(line);
    if (finding !== undefined) return { proven: verifier.proven, finding };
    lines += 1;
    if (lines % LOOK_EVERY_LINES !== 0 || performance.now() - toldAt < QUIET_MS) continue;
    toldAt = performance.now();
    progress(`${verifier.proven.to} events are proven so far`);
  }
  const finding = verifier.end();
  return { proven: verifier.proven, finding };
}

/** What an auditor reads when all is well: what is proven, and what is not. */
export function describeProof(
  proven: Proven,
  { log: named, pins = [] }: Pick<VerifierOptions, 'log' | 'pins'>,
): string[] {
  const { log, from, to, checkpoints, newestEventAt, agreedTo } = proven;
  return [
    `proven: events ${from} to ${to - 1} of ${shown(log)}, under ${checkpoints} checkpoints, none missing, none changed, in order`,
    `the newest event is of ${shownShort(newestEventAt ?? 'no time')}`,
    ...(agreedTo === undefined ? [] : [`up to size ${agreedTo} it is what was kept outside`]),
    ...caveats(proven),
    ...(named === undefined && pins.length === 0
      ? [`not compared: that ${shown(log)} is the log that you mean (--log)`]
      : []),
  ];
}

function caveats({ from, to, agreedTo, keysBegunBefore, isOfFormerKey }: Proven): string[] {
  const since = agreedTo === undefined ? '' : ` from size ${agreedTo} on`;
  const isOpen = (agreedTo ?? 0) < to;
  return [
    ...(from === 0 ? [] : [`not in this export: events 0 to ${from - 1}`]),
    ...(keysBegunBefore === 0
      ? []
      : [
          `${keysBegunBefore} keys have older events, which are before this export or before the log`,
        ]),
    ...(isOpen
      ? [
          `not proven: that the log ends here, and that it was signed once${since}: compare with an anchor (--anchor)`,
        ]
      : []),
    ...(isOpen && isOfFormerKey
      ? ['not proven: that who has a key of before did not sign this: the first --key did not']
      : []),
  ];
}

/** What an auditor reads when something is wrong: what, where, and what that means. */
export function describeFinding(finding: Finding, { from }: Pick<Proven, 'from'>): string[] {
  const { kind, index, line, detail, eventId, provenTo } = finding;
  const event = eventId === undefined ? 'no event id' : `event ${shownShort(eventId)}`;
  return [
    `NOT PROVEN from log index ${index} on (${event}, line ${line}): ${kind}`,
    shownShort(detail, DETAIL_CHARACTERS_MAX),
    `that means: ${MEANINGS[kind]}`,
    provenTo <= from
      ? 'no event before it is proven'
      : `events ${from} to ${provenTo - 1} are proven, and no others`,
  ];
}
