import { type Step } from '../turn.js';

/** APPLIED: the legacy system said that it has the new value; now it is tried. */
export const passToVerifying: Step = async () => ({ to: 'verifying' });

/** VERIFIED: it works; the version that holds it is the next one, unless another was found free before. */
export const passToPromoting: Step = async ({ rotation: { toVersion, fromVersion = 0 } }) => ({
  to: 'promoting',
  set: { toVersion: toVersion ?? fromVersion + 1 },
});

/** RESUMED: calls go on with the new version. */
export const passToPromoted: Step = async () => ({ to: 'promoted' });
