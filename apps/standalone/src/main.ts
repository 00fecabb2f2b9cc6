import { runApp } from '#platform/start';

// The parts are loaded when the configuration is known to be good: a process that refuses it ends at once.
await runApp('standalone', async (context) => {
  const { startStandalone } = await import('./start-standalone.js');
  return startStandalone(context);
});
