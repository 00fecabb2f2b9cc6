import { Controller, type DynamicModule, Get, Inject, Module, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { HealthRegistry } from './health.js';
import { Metrics } from './metrics.js';

@Controller()
class AdminController {
  constructor(
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  /** 200 while the process runs and gets on; says nothing of what it depends on. 503: start it anew. */
  @Get('healthz')
  async live(@Res() reply: FastifyReply): Promise<void> {
    const checks = await this.health.standstills();
    if (checks.length === 0) await reply.status(200).send({ status: 'ok' });
    else await reply.status(503).send({ status: 'stuck', checks });
  }

  /** 200 when the process can serve, 503 with a reason for each dependency when not. */
  @Get('readyz')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const readiness = await this.health.readiness();
    await reply.status(readiness.ready ? 200 : 503).send(readiness);
  }

  @Get('metrics')
  async scrape(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.metrics.contentType).send(await this.metrics.text());
  }
}

/** Liveness, readiness and metrics, for the admin port. */
@Module({})
export class AdminModule {
  static register(
    health: HealthRegistry,
    metrics: Metrics,
    more: DynamicModule[] = [],
  ): DynamicModule {
    return {
      module: AdminModule,
      imports: more,
      controllers: [AdminController],
      providers: [
        { provide: HealthRegistry, useValue: health },
        { provide: Metrics, useValue: metrics },
      ],
    };
  }
}
