import { runApp } from '#platform/start';

// The parts are loaded when the configuration is known to be good: a process that refuses it ends at once.
await runApp('rotator', async (context) => {
  const { startRotator } = await import('./start-rotator.js');
  return startRotator(context);
});
