import { type DynamicModule, Module } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type EventFactory } from '#events';
import { HandleStore } from '#handles';
import { type IssuerRegistry, type KeySource, SubjectTokenVerifier } from '#identity';
import { type Clock } from '#kernel';
import { OperatorAuthentication, RevokeHandles } from '#oauth';
import { type Logger, type Metrics, provide } from '#platform';
import { type GrantSource, type ResourceSet } from '#policy';
import { AdminFaults } from './admin-faults.js';
import { AdminController } from './admin.controller.js';
import { Reviews } from './reviews.js';

/** The ports and settings that the admin API is made of. */
export interface ControlParts {
  readonly environment: string;
  readonly publicOrigin: string;
  readonly clock: Clock;
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly resources: ResourceSet;
  readonly grants: GrantSource;
  readonly handles: HandleStore;
  readonly events: EventFactory;
  /** Gets faults that the operator is told nothing of. */
  readonly log?: Logger;
  /** Gets `postern_review_overdue`. */
  readonly metrics?: Metrics;
}

/** The admin API over the given ports. */
@Module({})
export class ControlModule {
  static register(parts: ControlParts): DynamicModule {
    const verifier = new SubjectTokenVerifier({ ...parts, audience: parts.publicOrigin });
    const reviews = new Reviews(parts);
    if (parts.metrics !== undefined) reviews.countIn(parts.metrics);
    const tellFault = (failure: unknown): void => {
      parts.log?.error({ err: failure }, 'an admin request failed');
    };
    return {
      module: ControlModule,
      controllers: [AdminController],
      providers: [
        provide(HandleStore, parts.handles),
        provide(RevokeHandles, new RevokeHandles(parts)),
        provide(OperatorAuthentication, new OperatorAuthentication({ ...parts, verifier })),
        provide(Reviews, reviews),
        provide(AdminFaults, new AdminFaults(tellFault)),
      ],
    };
  }

  /** The admin API takes JSON, and nothing else. */
  static configure(app: NestFastifyApplication): void {
    app.useBodyParser('application/json');
  }
}
