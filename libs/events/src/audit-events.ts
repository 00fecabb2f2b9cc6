import { z } from 'zod';

/** SHA-256 in hexadecimal digits. */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Signed heads of the Merkle tree over all events of a deployment (RFC 6962 section 2.1). */
export const auditEvents = {
  'dev.postern.audit.checkpoint.v1': z.object({
    log_id: z.string(),
    tree_size: z.int().describe('how many events the tree holds'),
    root_hash: sha256,
    prev_checkpoint_hash: sha256.describe('64 zeros in the first of a log'),
    first_event_id: z.uuid().describe('the first event since the checkpoint before'),
    last_event_id: z.uuid(),
    signature: z.string().describe('Ed25519, base64url'),
    key_id: z.string(),
  }),
};
