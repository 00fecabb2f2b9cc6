import { performance } from 'node:perf_hooks';
import { type Clock } from '#kernel';
import {
  isAtRest,
  type LeasedRotation,
  type Rotation,
  type RotationEngine,
  RotationLeaseLost,
  type RotationStore,
} from '#rotation';

/** Takes a rotation further, step by step. */
export type RotationSteps = Pick<RotationEngine, 'advance'>;

export interface RotationWorkParts {
  readonly store: Pick<RotationStore, 'renew'>;
  readonly steps: RotationSteps;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  /** After this long in one step its lease is let go of: another rotator may do better. */
  readonly stepMsMax: number;
  /** Gets one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
}

/** One leased rotation under way: its steps one after the other, and its lease kept meanwhile. */
export class RotationWork {
  private isLost = false;
  private stepBeganMs = performance.now();

  constructor(
    private lease: LeasedRotation,
    private readonly parts: RotationWorkParts,
  ) {}

  get id(): string {
    return this.lease.rotation.id;
  }

  /** How long the step that is under way has been. */
  get stepMs(): number {
    return performance.now() - this.stepBeganMs;
  }

  /** For messages: what is being done. */
  get description(): string {
    const { id, resource, state } = this.lease.rotation;
    return `rotation ${id} of ${resource} in state ${state}`;
  }

  /**
   * Resolves when it waits, rests, is lost, or failed, or the signal came and its step is done: then others may take it at
   * once. Never rejects.
   */
  async run(signal: AbortSignal): Promise<'ended' | 'failed'> {
    const renewing = setInterval(() => void this.renew(), this.parts.renewEveryMs).unref();
    try {
      await this.advance(signal);
      return 'ended';
    } catch (error) {
      return this.failed(error);
    } finally {
      clearInterval(renewing);
    }
  }

  private async advance(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.isLost) {
      this.stepBeganMs = performance.now();
      const next = await this.parts.steps.advance(this.lease);
      if (this.hasToWait(next)) return; // Its lease ended with that.
      this.lease = { ...this.lease, rotation: next };
    }
    if (!this.isLost) await this.parts.store.renew(this.lease, 0).catch(() => false);
  }

  private hasToWait({ state, dueAt }: Rotation): boolean {
    return isAtRest(state) || dueAt > this.parts.clock.now();
  }

  private async renew(): Promise<void> {
    const { store, leaseMs, stepMsMax } = this.parts;
    if (this.isLost || this.stepMs > stepMsMax) return;
    // When the database cannot be asked the lease runs out by itself, and what is committed then is refused.
    const isKept = await store.renew(this.lease, leaseMs).catch(() => true);
    if (!isKept) this.lose();
  }

  private lose(): void {
    if (this.isLost) return;
    this.isLost = true;
    this.parts.onProblem(`${this.description}: its lease was lost, it is another's or was ended`);
  }

  private failed(error: unknown): 'ended' | 'failed' {
    if (error instanceof RotationLeaseLost) return 'ended'; // Whoever has it goes on.
    const reason = error instanceof Error ? error.message : 'unknown failure';
    this.parts.onProblem(
      `${this.description}: ${reason}; it is taken up again when its lease has run out`,
    );
    return 'failed';
  }
}
