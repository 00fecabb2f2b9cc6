import { runApp } from '#platform';
import { startStandalone } from './start-standalone.js';

await runApp('standalone', startStandalone);
