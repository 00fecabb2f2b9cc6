import { runApp } from '#platform/start';

// The parts are loaded when the configuration is known to be good: a process that refuses it ends at once.
await runApp('sentinel', async (context) => {
  const { startSentinel } = await import('./start-sentinel.js');
  return startSentinel(context);
});
