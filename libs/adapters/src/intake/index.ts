export { RotatorIntake, type RotatorIntakeParts } from './rotator-intake.js';
export {
  assertWrappingToken,
  sealWrap,
  WRAPPING_TOKEN_CHARACTERS_MAX,
  WrappingTokenRefused,
  wrapFingerprint,
} from './wrap-sealing.js';
