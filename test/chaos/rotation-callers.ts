import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type RotatingWorld, type Victim } from './rotating-world.js';

const PACE_MS = 40;
const ANSWER_CHARACTERS_MAX = 200;
const TIMEOUT_MS = 40_000;
const FAILURES_TOLD_MAX = 10;
const BODY = JSON.stringify({ amount: '12.00', to: '4711' });

type Method = 'GET' | 'POST';

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One for each resource and number. */
interface Caller {
  readonly resource: string;
  readonly method: Method;
  readonly handle: string;
  /** Which proxy it begins with. */
  readonly first: number;
}

/** Callers that never pause for long, at all proxies in turn, and what came of their calls. */
export class RotationCallers {
  total = 0;
  /** Calls that a kill of their proxy left without an answer, and that were sent again to another. */
  cut = 0;
  /** Of the longest call, and whose it was. */
  longest = { ms: 0, resource: '' };
  /** Answers other than 2xx, and calls without an answer whose proxy was well. */
  failed = 0;
  readonly byResource = new Map<string, number>();
  /** The first of the failures. */
  readonly failures: string[] = [];
  readonly #agents = new Map<Victim, Agent>();
  readonly #beganMs = performance.now();
  readonly #looks: Promise<void>[] = [];
  #isOver = false;
  #callers: readonly Promise<void>[] = [];

  private constructor(private readonly world: RotatingWorld) {
    for (const proxy of world.proxies) {
      this.#agents.set(proxy, new Agent({ keepAlive: true, maxSockets: 64 }));
    }
  }

  static async start(world: RotatingWorld, methods: readonly Method[]): Promise<RotationCallers> {
    const callers = new RotationCallers(world);
    const handles = await Promise.all(world.systems.map(({ name }) => world.handleFor(name)));
    callers.#callers = world.systems.flatMap(({ name }, index) =>
      methods.map((method, first) =>
        callers.#keepCalling({ resource: name, method, handle: handles[index]!, first }),
      ),
    );
    return callers;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
    await Promise.all(this.#looks);
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #keepCalling(caller: Caller): Promise<void> {
    for (let turn = caller.first; !this.#isOver; turn += 1) {
      await this.#call(caller, turn);
      await pause(PACE_MS);
    }
  }

  /** As behind a load balancer: a proxy that is gone is passed by, and a call that it left unanswered goes to another. */
  async #call(caller: Caller, turn: number): Promise<void> {
    const beganMs = performance.now();
    const serving = this.world.proxies.filter((one) => !isOut(one, beganMs));
    const proxy = serving[turn % serving.length]!;
    const answer = await this.#send(caller, proxy).catch((error: unknown) => String(error));
    this.#count(caller, beganMs);
    if (typeof answer === 'string' && isOut(proxy, beganMs)) {
      this.cut += 1;
      return this.#call(caller, turn + 1);
    }
    const problem = problemOf(answer);
    if (problem !== undefined) this.#failed(caller, beganMs, `${proxy.name}: ${problem}`);
  }

  #count({ resource }: Caller, beganMs: number): void {
    this.total += 1;
    this.byResource.set(resource, (this.byResource.get(resource) ?? 0) + 1);
    const ms = performance.now() - beganMs;
    if (ms > this.longest.ms) this.longest = { ms, resource };
  }

  #failed({ resource, method }: Caller, beganMs: number, what: string): void {
    this.failed += 1;
    if (this.failed > FAILURES_TOLD_MAX) return;
    const now = performance.now();
    const at = ((now - this.#beganMs) / 1_000).toFixed(2);
    const told = `${at} s ${method} ${resource} ${what} after ${(now - beganMs).toFixed(0)} ms`;
    this.#looks.push(
      stateOf(this.world, resource).then((state) => {
        this.failures.push(`${told}; ${state}; now ${new Date().toISOString()}`);
      }),
    );
  }

  #send({ resource, method, handle }: Caller, proxy: Victim): Promise<Answer> {
    const path = method === 'GET' ? 'accounts/42' : 'entries';
    return new Promise((resolve, reject) => {
      const sent = request(
        `${proxy.origin}/proxy/${resource}/${path}`,
        {
          method,
          ...{ agent: this.#agents.get(proxy)!, timeout: TIMEOUT_MS },
          headers: {
            authorization: `Bearer ${handle}`,
            ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('error', reject).on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              text: text.slice(0, ANSWER_CHARACTERS_MAX),
            });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
      sent.on('error', reject).end(method === 'GET' ? undefined : BODY);
    });
  }
}

/** Undefined: it went well. */
function problemOf(answer: Answer | string): string | undefined {
  if (typeof answer === 'string') return answer;
  const isGood = answer.status >= 200 && answer.status <= 299;
  return isGood ? undefined : `${answer.status} ${answer.text.replaceAll(/\s+/g, ' ')}`;
}

/** Whether it was killed, or not ready yet, at any moment from then until now. */
const isOut = ({ outages }: Victim, sinceMs: number): boolean =>
  outages.some(({ untilMs }) => untilMs >= sinceMs);

/** For a person who reads of a failure. */
async function stateOf(world: RotatingWorld, resource: string): Promise<string> {
  const [rotation] = await world.rotations(resource);
  const credential = (await world.credentials()).find((one) => one.resource === resource);
  if (rotation === undefined) return 'no rotation yet';
  const { id, state, previousState, stateSince, errorClass, fromVersion } = rotation;
  return (
    `${id} ${state} since ${stateSince.toISOString()} (after ${previousState ?? '-'}, ${errorClass ?? 'no error'}, ` +
    `from version ${fromVersion ?? 0}), credential ${JSON.stringify(credential)}`
  );
}
