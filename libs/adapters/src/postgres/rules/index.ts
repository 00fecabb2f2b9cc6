import { D05 } from './D05.sql.js';
import { D07 } from './D07.sql.js';
import { D08 } from './D08.sql.js';
import { D10 } from './D10.sql.js';
import { D11 } from './D11.sql.js';
import { D12 } from './D12.sql.js';
import { D13 } from './D13.sql.js';
import { D14 } from './D14.sql.js';
import { D15 } from './D15.sql.js';
import { D16 } from './D16.sql.js';
import { D17 } from './D17.sql.js';
import { D19 } from './D19.sql.js';
import { D21 } from './D21.sql.js';
import { type StreamRule } from './stream-rule.js';

/** The rules that look at windows of events. */
export const STREAM_RULES: readonly StreamRule[] = [
  ...[D05, D07, D08, D10, D11, D12],
  ...[D13, D14, D15, D17, D21],
];

/**
 * With those that look at what only the database of a deployment remembers: what it has, and the audit log of Vault. A rule
 * may have several texts.
 */
export const EVIDENCE_RULES: readonly StreamRule[] = [...STREAM_RULES, ...D16, D19];

export { type FoundRow, type StreamRule } from './stream-rule.js';
