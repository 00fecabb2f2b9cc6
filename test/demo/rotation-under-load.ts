import { type IssuedHandle, type PosternClient } from '#client';
import { type RotationDesk } from '../support/rotation-desk.js';
import { SteadyCalls } from '../support/steady-calls.js';
import { type EchoingLedger } from './echoing-ledger.js';
import { must, type Story } from './step.js';

/** How the password of the ledger is changed, at the ledger itself. */
export const ledgerRotation = {
  slots: 'single',
  change: {
    as: 'http',
    request: {
      path: '/password',
      type: 'json',
      fields: { old: '{{current.password}}', next: '{{next.password}}' },
      expect: [204],
    },
  },
  verify: ['GET /accounts/health'],
};

interface UnderLoad {
  readonly ledger: EchoingLedger;
  readonly client: PosternClient;
  readonly desk: RotationDesk;
  readonly exchange: (scopes: readonly string[]) => Promise<IssuedHandle>;
}

const ROTATIONS = 3;
const CALLERS = 8;

/** The only password there is, changed again and again while callers do not pause: none of them notices. */
export async function rotateUnderLoad(
  story: Story,
  { ledger, client, desk, exchange }: UnderLoad,
): Promise<void> {
  await story.step('rotation under load', async () => {
    const { handle } = await exchange(['ledger.read']);
    const before = ledger.passwords.length;
    const call = async (): Promise<number> => {
      const response = await client.call(handle, 'ledger', 'accounts/42');
      await response.arrayBuffer();
      return response.status;
    };
    const calls = new SteadyCalls(call, { callers: CALLERS, restMs: 0 });
    const began = performance.now();
    for (let rotation = 0; rotation < ROTATIONS; rotation += 1) {
      const { id } = await desk.requestInHand('ledger');
      const { state, error_class: why } = await desk.ended(id);
      must(state === 'done', `rotation ${id} ended as ${state} (${why ?? 'no error'})`);
    }
    await calls.end();
    const { total, failed, longestMs } = calls;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const changes = ledger.passwords.length - before;
    must(changes === ROTATIONS, `the ledger has seen ${changes} changes of its password`);
    must(total > ROTATIONS * CALLERS, `only ${total} calls were made meanwhile`);
    must(failed.length === 0, `failed calls: ${failed.length} of ${total}, such as ${failed[0]}`);
    return (
      `rotations: ${changes} in ${seconds} s, of the one password that the ledger takes; calls: ${total}; ` +
      `failed calls: 0; the longest took ${longestMs.toFixed(0)} ms`
    );
  });
}
