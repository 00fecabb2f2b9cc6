import { HealthRegistry } from './health.js';
import { Metrics } from './metrics.js';
import { readinessRounds } from './readiness-metrics.js';
import { type Rounds } from './rounds.js';

const OFTEN_MS = 5;

describe('the figures of readiness', () => {
  let rounds: Rounds | undefined;
  afterEach(() => rounds?.onApplicationShutdown());

  async function shows(metrics: Metrics, ...wanted: string[]): Promise<void> {
    const missing = async (): Promise<string[]> => {
      const lines = (await metrics.text()).split('\n');
      return wanted.filter((line) => !lines.includes(line));
    };
    for (let looks = 0; looks < 4_000; looks += 1) {
      if ((await missing()).length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, OFTEN_MS));
    }
    expect(await missing()).toEqual([]);
  }

  it('follow what the checks say, each by its name', async () => {
    const [health, metrics] = [new HealthRegistry(), new Metrics()];
    const broken: { failure?: Error } = {};
    health.add('kafka', async () => {
      if (broken.failure !== undefined) throw broken.failure;
    });
    health.add('postgresql', () => undefined);
    rounds = readinessRounds(health, metrics, OFTEN_MS);
    rounds.onApplicationBootstrap();
    await shows(metrics, 'postern_ready 0', 'postern_health_check_ok{check="process"} 0');
    health.enter('serving');
    await shows(metrics, 'postern_ready 1', 'postern_health_check_ok{check="kafka"} 1');
    expect(await metrics.text()).not.toContain('check="process"');
    broken.failure = new Error('no broker answers');
    await shows(
      metrics,
      'postern_ready 0',
      'postern_health_check_ok{check="kafka"} 0',
      'postern_health_check_ok{check="postgresql"} 1',
    );
  });
});
