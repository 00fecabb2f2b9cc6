import { SecretStoreUnavailable } from '#credentials';
import { CONNECT_TIMEOUT_MS, RESPONSE_BYTES_MAX, TOTAL_TIMEOUT_MS } from './vault-transport.js';

/** There was no connection: Vault surely knows nothing of the request. */
export class VaultNotReached extends SecretStoreUnavailable {
  constructor(message: string) {
    super('unreachable', message);
  }
}

const CONDITIONS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${CONNECT_TIMEOUT_MS} ms`,
  UND_ERR_RES_EXCEEDED_MAX_SIZE: `its answer is larger than ${RESPONSE_BYTES_MAX} bytes`,
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_DESTROYED: 'this process is shutting down',
  ECONNREFUSED: 'the connection is refused; is VAULT_ADDR right?',
  ENOTFOUND: 'its host name is unknown; is VAULT_ADDR right?',
};
const TIMEOUT = `no answer within ${TOTAL_TIMEOUT_MS} ms`;
const CERTIFICATE = /CERT|SIGNATURE|TLS|SSL/;

/** Why no answer came, from the error's code alone: its message and properties may quote the request. */
export function conditionOf(error: unknown): string {
  const { name, code = name } = error as { name: string; code?: string | number };
  if (name === 'TimeoutError') return TIMEOUT;
  return typeof code === 'string' ? meaningOf(code) : name;
}

function meaningOf(code: string): string {
  if (/^UND_ERR_(?:HEADERS|BODY)_TIMEOUT$/.test(code)) return TIMEOUT;
  if (CERTIFICATE.test(code)) {
    return `its certificate is not accepted (${code}); VAULT_CACERT names who may sign it`;
  }
  return CONDITIONS[code] ?? code;
}
