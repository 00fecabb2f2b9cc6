import { runApp } from '#platform/start';

// The parts are loaded when the configuration is known to be good: a process that refuses it ends at once.
await runApp('proxy', async (context) => {
  const { startProxy } = await import('./start-proxy.js');
  return startProxy(context);
});
