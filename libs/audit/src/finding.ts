/** What can be wrong with an export, and what that means. */
export const MEANINGS = {
  'unreadable-line':
    'the line is not as an export is written: it was changed after the export, or the file is damaged',
  'wrong-log': 'these are records of another log than the one that was asked for',
  'bad-signature':
    'the checkpoint was not signed with the key: it was changed, or made with a key of somebody else, or with one that was replaced; nothing from here on is proven',
  'broken-chain':
    'the checkpoint does not follow the one before: checkpoints, and their events, are missing here or were put in',
  'inconsistent-tree':
    'the checkpoint is signed, but what is said to lie below it is not what was signed: the line was changed',
  'unproven-event':
    'no checkpoint covers this event: its checkpoint was removed, or the event was put in',
  'missing-event': 'an event that was logged here is not in the export: it was removed',
  'repeated-event': 'an event that was here already stands in the place of another: it was put in',
  'altered-event':
    'the event is not the one that was logged at this index: it was changed, exchanged or forged',
  'sequence-gap':
    'an event of this key was removed before it came into the log, in the database or by who operates it',
  'sequence-order': 'events of this key were logged in another order than they were written',
  forked:
    'the log was signed twice with different content: the history that was anchored is not this one',
  truncated: 'the end of the log is missing: the log was larger already',
  'not-connected':
    'the export begins after the checkpoint that is to be continued: export from it on',
} as const;

export type FindingKind = keyof typeof MEANINGS;

/** The first thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** The log index at which the export stops being proven. */
  readonly index: number;
  /** What the export has before that index is proven: of a fork whose event nobody can name, less than before `index`. */
  readonly provenTo: number;
  /** Of the event that the export has there, when it has one. */
  readonly eventId?: string;
  /** The line of the file, from 1; of an end that came too early, the one after the last. */
  readonly line: number;
  readonly detail: string;
}
