import { type LeakReportRejection } from '#events';
import { PosternError } from '#kernel';

const TOLD: Readonly<Record<LeakReportRejection, string>> = {
  unsigned: 'a report needs Github-Public-Key-Identifier and Github-Public-Key-Signature',
  unknown_key: 'no registered reporter signs with this key',
  wrong_signature: 'the signature is not that of this body',
  malformed: 'expected a JSON array of at most 500 objects with token and type',
};

/** Nothing of the report was looked at further, and nothing was done. */
export class LeakReportRefused extends PosternError {
  override readonly code = 'leak-report-refused';

  constructor(readonly rejection: LeakReportRejection) {
    super(TOLD[rejection]);
  }
}
