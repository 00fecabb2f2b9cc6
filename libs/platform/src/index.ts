export { AdminModule } from './admin.module.js';
export { ConfigError, type ConfigProblem } from './config-error.js';
export { type CheckResult, type HealthCheck, HealthRegistry, type Readiness } from './health.js';
export { type HttpHost, type HttpHostOptions, startHttpHost } from './http-host.js';
export { loadConfig } from './load-config.js';
export { createLogger, type Logger, masked } from './logger.js';
export { Metrics } from './metrics.js';
export {
  type InjectEntry,
  type IssuerEntry,
  type JsonValue,
  type ListenAddress,
  type PosternConfig,
  type ResourceEntry,
} from './postern-config.js';
export { provide } from './provide.js';
export { type AppContext, type AppName, runApp, type RunningApp } from './run-app.js';
export {
  type KafkaSettings,
  loadSettings,
  type LogLevel,
  requireServers,
  type Settings,
  type VaultSettings,
} from './settings.js';
