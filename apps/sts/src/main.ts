import { runApp } from '#platform/start';

// The parts are loaded when the configuration is known to be good: a process that refuses it ends at once.
await runApp('sts', async (context) => {
  const { startSts } = await import('./start-sts.js');
  return startSts(context);
});
