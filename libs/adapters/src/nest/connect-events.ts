import { type INestApplication } from '@nestjs/common';
import { type NestMicroservice } from '@nestjs/microservices';
import { EventServer, type EventServerOptions } from './event-server.js';
import { OriginalErrorsFilter } from './original-errors.filter.js';

/**
 * Serves the `@EventPattern` handlers of an application, beside what else it serves; closing the application stops that.
 * Resolves when the group reads.
 * @throws EventHandlersRefused, DependencyUnavailable
 */
export async function connectEvents(
  app: INestApplication,
  options: EventServerOptions,
): Promise<EventServer> {
  const server = new EventServer(options);
  // Deferred: a filter counts only for handlers that are registered after it.
  const microservice = app.connectMicroservice(
    { strategy: server },
    { deferInitialization: true },
  ) as NestMicroservice;
  microservice.setIsInitHookCalled(true); // The application calls the hooks, once.
  microservice.useGlobalFilters(new OriginalErrorsFilter());
  await microservice.listen();
  return server;
}
