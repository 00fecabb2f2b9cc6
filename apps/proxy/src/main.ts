import { runApp } from '#platform';
import { startProxy } from './start-proxy.js';

await runApp('proxy', startProxy);
