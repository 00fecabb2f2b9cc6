export { AdminModule } from './admin.module.js';
export { ClientCertificates, type PresentedCertificate } from './client-certificates.js';
export { ClientCertificateUnreadable } from './client-certificate-unreadable.js';
export { ConfigError, type ConfigProblem } from './config-error.js';
export { type CheckResult, type HealthCheck, HealthRegistry, type Readiness } from './health.js';
export { type HttpRequest, type HttpResponse, type UnreadRequest } from './http-exchange.js';
export { type HttpHost, type HttpHostOptions, startHttpHost } from './http-host.js';
export { type HttpSocket, isAnswering } from './in-turn.js';
export { configJsonSchema } from './config-json-schema.js';
export { type KafkaSettings } from './kafka-settings.js';
export { type KeepCertificate, ListenerCertificates } from './listener-certificates.js';
export { loadConfig } from './load-config.js';
export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export { masked } from './masked.js';
export { Metrics } from './metrics.js';
export {
  type InjectEntry,
  type IssuerEntry,
  type JsonValue,
  type ListenAddress,
  type PosternConfig,
  type ResourceEntry,
  type SignalEntry,
} from './postern-config.js';
export { provide } from './provide.js';
export { type AppContext, type RunningApp, type StartApp } from './app-context.js';
export { type AppName } from './app-name.js';
export { destroyAfter } from './destroy-after.js';
export { EXIT, exitCodeOf } from './exit-code.js';
export { urlHost } from './listen-on.js';
export { ProblemFilter } from './problem.filter.js';
export { type AuditEntry } from './config-audit.js';
export { type ProberEntry } from './config-prober.js';
export { type ProberParts, type RunningProber, startProber } from './start-prober.js';
export { type Probe, type ProbeAnswer, type ProbeBreach } from './probe.js';
export {
  type ProbeRequest,
  type ProbeResponse,
  PROBER_USER_AGENT,
  ProbeTarget,
} from './probe-target.js';
export { type ChangerEntry } from './config-change.js';
export { type RotationEntry } from './config-rotation.js';
export { type VerificationEntry } from './config-verify.js';
export { readinessRounds } from './readiness-metrics.js';
export { retryPace } from './retry-pace.js';
export { Rounds, type RoundsParts } from './rounds.js';
export { waitAtMost } from './wait-at-most.js';
export { runApp } from './run-app.js';
export { loadSettings, type LogLevel, requireServers, type Settings } from './settings.js';
export { throwUnlessAway } from './throw-unless-away.js';
export { TrustedProxies } from './trusted-proxies.js';
export { type VaultSettings } from './vault-settings.js';
export { detection as detectionSection, detectionEntry } from './config-detection.js';
export { DETECTION_THRESHOLDS } from './detection-thresholds.js';
