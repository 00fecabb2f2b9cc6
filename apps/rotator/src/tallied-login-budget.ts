import { type SecretRef } from '#credentials';
import { type LoginAllowance, LoginBudget, type ProbeResult, type Reservation } from '#rotation';

/** A budget of which is told what became of each login. */
export class TalliedLoginBudget extends LoginBudget {
  constructor(
    private readonly budget: LoginBudget,
    private readonly onLogin: (outcome: ProbeResult | 'not_tried') => void,
  ) {
    super();
  }

  override async reserve(ref: SecretRef, allowance: LoginAllowance): Promise<Reservation> {
    const reservation = await this.budget.reserve(ref, allowance);
    if (reservation.kind === 'spent') this.onLogin('not_tried');
    return reservation;
  }

  override async settle(ref: SecretRef, reservationId: string, result: ProbeResult): Promise<void> {
    this.onLogin(result);
    await this.budget.settle(ref, reservationId, result);
  }
}
