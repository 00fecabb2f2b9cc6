export { RotatorIntake, type RotatorIntakeParts } from './rotator-intake.js';
export {
  sealWrap,
  WRAPPING_TOKEN_CHARACTERS_MAX,
  WrappingTokenRefused,
  wrapFingerprint,
} from './wrap-sealing.js';
