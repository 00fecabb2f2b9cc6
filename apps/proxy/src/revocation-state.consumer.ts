import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventContext, EventPattern, Payload } from '#adapters/nest';
import type { RecordedEvent } from '#events';
import { RevocationEntries } from './revocation-entries.js';

/** Takes each entry of the revocation state. Those that clear one say nothing here: nothing is remembered of entries. */
@Controller()
export class RevocationStateConsumer {
  constructor(@Inject(RevocationEntries) private readonly entries: RevocationEntries) {}

  @EventPattern('dev.postern.revocation.state.v1')
  take(
    @Payload() event: RecordedEvent<'dev.postern.revocation.state.v1'>,
    @Ctx() { place }: EventContext,
  ): void {
    this.entries.take(event, place);
  }
}
