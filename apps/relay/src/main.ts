import { runApp } from '#platform';
import { startRelay } from './start-relay.js';

await runApp('relay', startRelay);
