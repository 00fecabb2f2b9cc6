export { BASE62, BASE62_ALPHABET, encodeBase62 } from './base62.js';
export { canonicalJson, type CanonicalValue, NotCanonical } from './canonical-json.js';
export { Clock, epochSeconds, secondsAfter, SystemClock } from './clock.js';
export { type Digest, sameDigest, sha256, sha256OfParts } from './digest.js';
export { parseUrl } from './parse-url.js';
export { DependencyUnavailable, PosternError, Refusal } from './postern-error.js';
export { randomId, uuidv7 } from './random-id.js';
export { Secret } from './secret.js';
export { timerDelay } from './timer-delay.js';
