export {
  type ChangeSenderParts,
  changeSender,
  type OutgoingChange,
  type SendChange,
} from './change-sender.js';
export {
  type AccountRef,
  type ChangedFields,
  changeMethods,
  type ChangeRequest,
  type ChangerSettings,
  type ChangerTls,
  type HttpChange,
  type LdapChange,
  type MariadbChange,
  type PostgresChange,
  type RedisChange,
} from './changer-settings.js';
export { ChangerSettingsRefused } from './changer-settings-refused.js';
export { type ChangerPorts, credentialChanger } from './credential-changer.js';
export { type ReadAccount } from './privileged-account.js';
