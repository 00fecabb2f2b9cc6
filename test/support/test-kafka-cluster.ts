import { freePort } from './free-port.js';
import { setProducerQuota } from './kafka-quota.js';
import { StallingProxy } from './stalling-proxy.js';
import { TestKafka } from './test-kafka.js';

const LOOPBACK = '127.0.0.1';
/** The first node is the controller too: it must not be ended for as long as leaders are to move. */
const CONTROLLER = 1;

interface Node {
  readonly kafka: TestKafka;
  readonly proxy: StallingProxy;
}

interface Place {
  readonly id: number;
  readonly broker: number;
  readonly internal: number;
  readonly proxyPort: number;
}

/**
 * Several brokers, of which the first is the controller. Clients come to each through a proxy that can stall; among
 * themselves they do not, so that replicas go on.
 */
export class TestKafkaCluster {
  private constructor(private readonly nodes: readonly Node[]) {}

  /** @throws as TestKafka.start */
  static async start(name: string, size: number): Promise<TestKafkaCluster> {
    const controllerPort = await freePort();
    const starts = Array.from({ length: size }, async (_, index) => {
      const id = index + CONTROLLER;
      const proxy = await StallingProxy.start();
      const [broker, internal] = [await freePort(), await freePort()];
      proxy.leadTo(broker);
      const place = { id, broker, internal, proxyPort: proxy.port };
      const kafka = await TestKafka.start(`${name}-${id}`, {
        port: broker,
        settings: settingsOf(place, controllerPort),
      });
      return { kafka, proxy };
    });
    return new TestKafkaCluster(await Promise.all(starts));
  }

  /** Of all, by the proxies before them. */
  get brokers(): string {
    return this.nodes.map(({ proxy }) => `${LOOPBACK}:${proxy.port}`).join(',');
  }

  /** From 1. */
  node(id: number): TestKafka {
    return this.#at(id).kafka;
  }

  stall(): void {
    for (const { proxy } of this.nodes) proxy.stall();
  }

  /** See StallingProxy.goOn. */
  goOn(stalledConnections: 'silent' | 'cut'): void {
    for (const { proxy } of this.nodes) proxy.goOn(stalledConnections);
  }

  /** Of every client together; undefined lifts it. Does not go through a proxy. */
  limitProducers(bytesPerSecond: number | undefined): Promise<void> {
    return setProducerQuota(this.#at(CONTROLLER).kafka.brokers, bytesPerSecond);
  }

  async stop(): Promise<void> {
    // The controller last: without it the others wait for somebody to take their leave of.
    for (const { kafka } of [...this.nodes].reverse()) await kafka.stop();
    await Promise.all(this.nodes.map(({ proxy }) => proxy.close()));
  }

  #at(id: number): Node {
    const node = this.nodes[id - CONTROLLER];
    if (node === undefined) throw new Error(`the cluster has no node ${id}`);
    return node;
  }
}

function settingsOf(place: Place, controllerPort: number): Record<string, string> {
  const isController = place.id === CONTROLLER;
  const controller = isController ? `,CONTROLLER://${LOOPBACK}:${controllerPort}` : '';
  return {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': String(place.id),
    'controller.quorum.voters': `${CONTROLLER}@${LOOPBACK}:${controllerPort}`,
    listeners: `PLAINTEXT://${LOOPBACK}:${place.broker},INTERNAL://${LOOPBACK}:${place.internal}${controller}`,
    'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${place.proxyPort},INTERNAL://${LOOPBACK}:${place.internal}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    // Groups of readers outlive a node.
    'offsets.topic.replication.factor': '2',
    // A replica that fell behind is let go of after 3 s instead of 30: writers wait for it until then.
    'replica.lag.time.max.ms': '3000',
  };
}
