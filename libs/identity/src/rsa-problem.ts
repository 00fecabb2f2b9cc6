const MODULUS_BITS_MIN = 2048;
/** A larger one costs more to verify than a caller may make us spend. */
const MODULUS_BITS_MAX = 8192;
const EXPONENT_MIN = 65_537n;
const EXPONENT_BYTES_MAX = 4;

/**
 * Why an RSA key must not be trusted, or undefined. An exponent of 1 makes every padded digest its own signature, 3
 * invites forgeries against lenient padding checks; a short modulus can be factored, and so can one of ROCA's.
 */
export function rsaProblem(modulus: Buffer, exponent: Buffer): string | undefined {
  if (exponent.length > EXPONENT_BYTES_MAX) return 'its RSA exponent is too large';
  const e = toInteger(exponent);
  if (e < EXPONENT_MIN || e % 2n === 0n) {
    return `its RSA exponent is not an odd number of at least ${EXPONENT_MIN.toString()}`;
  }
  if (modulus.length > MODULUS_BITS_MAX / 8) return 'its RSA modulus is too long';
  const n = toInteger(modulus);
  const bits = n.toString(2).length;
  if (bits < MODULUS_BITS_MIN || n % 2n === 0n) {
    return `its RSA modulus is not an odd number of at least ${MODULUS_BITS_MIN} bits`;
  }
  return looksLikeRoca(n)
    ? 'its RSA key comes from a faulty generator (CVE-2017-15361)'
    : undefined;
}

// prettier-ignore
const FINGERPRINT_PRIMES = [
  11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

/** The residues that 65537^k takes modulo a small prime: those of every modulus that the faulty generator makes. */
const GENERATED_RESIDUES = FINGERPRINT_PRIMES.map((prime) => {
  const residues = new Set<number>();
  for (let power = 1; !residues.has(power); power = (power * 65_537) % prime) residues.add(power);
  return { prime: BigInt(prime), residues };
});

/**
 * Nemec et al., "The Return of Coppersmith's Attack" (2017), section 2: such a modulus is a power of 65537 modulo each
 * of these primes. Another modulus passes for one with a chance below 2^-27.
 */
const looksLikeRoca = (modulus: bigint): boolean =>
  GENERATED_RESIDUES.every(({ prime, residues }) => residues.has(Number(modulus % prime)));

const toInteger = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`);
