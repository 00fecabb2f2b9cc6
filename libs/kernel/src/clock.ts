/** Time is passed in. Nothing else in the product reads the wall clock. */
export abstract class Clock {
  abstract now(): Date;
}

/** The machine's clock. */
export class SystemClock extends Clock {
  override now(): Date {
    return new Date();
  }
}

/** Whole seconds since 1970-01-01T00:00:00Z, as JWT's NumericDate counts them (RFC 7519 section 2). */
export const epochSeconds = (instant: Date): number => Math.floor(instant.getTime() / 1000);

/** The instant that lies `seconds` after `instant`; negative seconds lie before. */
export const secondsAfter = (instant: Date, seconds: number): Date =>
  new Date(instant.getTime() + seconds * 1000);
