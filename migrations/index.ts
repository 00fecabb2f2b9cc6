import { CreateRoles1795200000000 } from './1795200000000-create-roles.js';
import { CreateHandles1795200001000 } from './1795200001000-create-handles.js';
import { CreateOutbox1795200002000 } from './1795200002000-create-outbox.js';
import { CreateCalls1795200003000 } from './1795200003000-create-calls.js';
import { CreateSealedSecrets1795200004000 } from './1795200004000-create-sealed-secrets.js';
import { GrantRights1795200005000 } from './1795200005000-grant-rights.js';
import { ExtendHandles1795300000000 } from './1795300000000-extend-handles.js';
import { CreateProofUses1795300001000 } from './1795300001000-create-proof-uses.js';
import { IndexOutboxCorrelation1795300002000 } from './1795300002000-index-outbox-correlation.js';
import { CreateReviewNotices1795300003000 } from './1795300003000-create-review-notices.js';
import { CreateDeadLetters1795400000000 } from './1795400000000-create-dead-letters.js';
import { RelayLeases1795400001000 } from './1795400001000-relay-leases.js';
import { Suspensions1795400002000 } from './1795400002000-suspensions.js';
import { CreateRotatorRole1795500000000 } from './1795500000000-create-rotator-role.js';
import { CreateRotations1795500001000 } from './1795500001000-create-rotations.js';
import { CreateCensus1795500002000 } from './1795500002000-create-census.js';
import { CreateAuditLog1795600000000 } from './1795600000000-create-audit-log.js';
import { CreateDetection1795600001000 } from './1795600001000-create-detection.js';
import { DryRunRequests1795600002000 } from './1795600002000-dry-run-requests.js';
import { CreatePlantedCanaries1795600003000 } from './1795600003000-create-planted-canaries.js';
import { CreateRestrictions1795600005000 } from './1795600005000-create-restrictions.js';
import { CreateVaultAccesses1795600007000 } from './1795600007000-create-vault-accesses.js';
import { CreateStandings1795600008000 } from './1795600008000-create-standings.js';
import { TellFirstUses1795600009000 } from './1795600009000-tell-first-uses.js';

/** Every migration, oldest first. What was released is never edited: append. */
export const MIGRATIONS = [
  CreateRoles1795200000000,
  CreateHandles1795200001000,
  CreateOutbox1795200002000,
  CreateCalls1795200003000,
  CreateSealedSecrets1795200004000,
  GrantRights1795200005000,
  ExtendHandles1795300000000,
  CreateProofUses1795300001000,
  IndexOutboxCorrelation1795300002000,
  CreateReviewNotices1795300003000,
  CreateDeadLetters1795400000000,
  RelayLeases1795400001000,
  Suspensions1795400002000,
  CreateRotatorRole1795500000000,
  CreateRotations1795500001000,
  CreateCensus1795500002000,
  CreateAuditLog1795600000000,
  CreateDetection1795600001000,
  DryRunRequests1795600002000,
  CreatePlantedCanaries1795600003000,
  CreateRestrictions1795600005000,
  CreateVaultAccesses1795600007000,
  CreateStandings1795600008000,
  TellFirstUses1795600009000,
] as const;

/** Where TypeORM remembers which of them ran. */
export const MIGRATIONS_TABLE = 'postern_migration';
