import { runApp } from '#platform/start';

// The parts are loaded when the configuration is known to be good: a process that refuses it ends at once.
await runApp('relay', async (context) => {
  const { startRelay } = await import('./start-relay.js');
  return startRelay(context);
});
