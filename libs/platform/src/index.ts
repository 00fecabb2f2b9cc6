export { ConfigError, type ConfigProblem } from './config-error.js';
export {
  type InjectEntry,
  type IssuerEntry,
  type JsonValue,
  type ListenAddress,
  type PosternConfig,
  type ResourceEntry,
} from './postern-config.js';
