/**
 * The light door: settings, configuration, the log and the orderly end, without the framework. What a process needs
 * before it knows that it can start, and what a command needs; `#platform` has the rest. Keep it free of Nest and Fastify.
 */
export { type AppContext, type RunningApp, type StartApp } from './app-context.js';
export { loadConfig } from './load-config.js';
export { masked } from './masked.js';
export { runApp } from './run-app.js';
export { type KafkaSettings } from './kafka-settings.js';
export { loadSettings, requireServers, type Settings } from './settings.js';
