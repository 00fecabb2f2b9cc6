import { runApp } from '#platform/start';

// The parts are loaded when the configuration is known to be good: a process that refuses it ends at once.
await runApp('control', async (context) => {
  const { startControl } = await import('./start-control.js');
  return startControl(context);
});
