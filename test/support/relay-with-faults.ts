import { argv, kill, pid } from 'node:process';
import { runApp } from '#platform';
import { startRelay } from '../../apps/relay/src/start-relay.js';
import { type RelayFaults } from './relay-faults.js';

const { idleTimeoutMs, dieAt } = JSON.parse(argv[2] ?? '{}') as RelayFaults;
let passed = 0;

/** The relay as it is shipped, but for what a test asks. */
await runApp('relay', (context) =>
  startRelay(context, {
    leases: idleTimeoutMs === undefined ? {} : { idleTimeoutMs },
    faults: (point) => {
      if (point !== dieAt?.point) return;
      passed += 1;
      if (passed === dieAt.time) kill(pid, 'SIGKILL');
    },
  }),
);
