/** Where faults are told that a caller learns nothing of. */
export class AdminFaults {
  constructor(readonly tell: (failure: unknown) => void) {}
}
