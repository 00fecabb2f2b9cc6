/** What a workload does when all is well. */
export interface UsualExchange {
  /** In five minutes: so many or fewer in ninety-nine of the hundred fullest of fourteen days; 0: it is not known. */
  readonly exchanges: number;
  /** Resources that it was given handles for, by id, at most 500, those of late first. */
  readonly resources: readonly string[];
}

/** What is known of workloads from before something happened, so that a restriction leaves them what they always did. */
export abstract class UsualExchanges {
  /**
   * Of the fourteen days that end seventy minutes before the instant: what belongs to the doings that a rule found is
   * not what is usual. @throws DependencyUnavailable
   */
  abstract before(subjectId: string, instant: Date): Promise<UsualExchange>;
}
