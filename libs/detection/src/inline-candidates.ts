import { type Candidate } from './candidate.js';
import { credentialRefused, wrapMalfeasance } from './inline/credential-trouble.js';
import { unfinishedCalls } from './inline/evidence-missing.js';
import { bindingMismatch, canaryUsed } from './inline/held-handle.js';
import { type InlineRule, merged } from './inline/inline-rule.js';
import { leakReport } from './inline/leak-report.js';
import { reuseAcrossEnvironments } from './inline/reuse-across-environments.js';
import { subjectTokenReplay } from './inline/subject-token-replay.js';
import { unplannedRotation } from './inline/unplanned-rotation.js';
import { useAfterExpiry } from './inline/use-after-expiry.js';
import { useAfterRevocation } from './inline/use-after-revocation.js';
import { wrongEnvironment } from './inline/wrong-environment.js';
import { type InlineRuleId } from './inline-rules.js';
import { type DetectionSettings } from './rule-settings.js';
import { type Sighting } from './sighting.js';

const INLINE: Readonly<Record<InlineRuleId, InlineRule>> = {
  D01: subjectTokenReplay,
  D02: reuseAcrossEnvironments,
  D03: wrongEnvironment,
  D04: useAfterRevocation,
  D05: useAfterExpiry,
  D06: bindingMismatch,
  D09: canaryUsed,
  D18: credentialRefused,
  D20: wrapMalfeasance,
  D23: unfinishedCalls,
  D24: leakReport,
};

/** Parts of rules that otherwise look at windows, for which one event is enough. */
const PARTS: readonly InlineRule[] = [unplannedRotation];

/** What the rules that decide on one event find in a batch, with what was seen before. */
export const inlineCandidates = (
  sighting: Sighting,
  settings: DetectionSettings,
): readonly Candidate[] =>
  [...Object.values(INLINE), ...PARTS].flatMap((rule) => merged(rule(sighting, settings)));
