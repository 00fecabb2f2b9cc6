import { type EvidenceBudget, type PosternEvent } from '#events';
import {
  type CallFinish,
  CallLedger,
  type CallReservation,
  type CallStart,
  type StartOutcome,
  type UnusedCalls,
} from './call-ledger.js';

export interface BudgetedCallLedgerParts {
  readonly ledger: CallLedger;
  readonly budget: Pick<EvidenceBudget, 'requireRoomForCall' | 'state'>;
}

/**
 * A ledger that begins no call while its evidence cannot be kept: such a call is refused as when the ledger itself cannot
 * be asked. What has begun is finished and recorded.
 */
export class BudgetedCallLedger extends CallLedger {
  constructor(private readonly parts: BudgetedCallLedgerParts) {
    super();
  }

  override async start(call: CallStart): Promise<StartOutcome> {
    this.parts.budget.requireRoomForCall();
    return this.parts.ledger.start(call);
  }

  override async reserve(
    reservation: CallReservation,
  ): Promise<number | Exclude<StartOutcome, 'started'>> {
    this.parts.budget.requireRoomForCall();
    return this.parts.ledger.reserve(reservation);
  }

  override release(unused: readonly UnusedCalls[]): Promise<void> {
    return this.parts.ledger.release(unused);
  }

  /** Also asked of calls that are counted ahead. */
  override get hasRoom(): boolean {
    return this.parts.budget.state !== 'closed' && this.parts.ledger.hasRoom;
  }

  override finish(finish: CallFinish): void {
    this.parts.ledger.finish(finish);
  }

  override flush(): Promise<void> {
    return this.parts.ledger.flush();
  }

  override sweep(
    before: Date,
    eventOf: (call: CallStart) => PosternEvent<'dev.postern.call.completed.v1'>,
  ): Promise<number> {
    return this.parts.ledger.sweep(before, eventOf);
  }
}
