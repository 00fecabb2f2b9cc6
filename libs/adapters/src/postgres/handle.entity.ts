import { type ActorHop } from '#identity';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A row of `handle`. The hot statements select the same shape by HANDLE_COLUMNS. */
@Entity({ name: 'handle', schema: 'public', synchronize: false })
export class HandleEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'bytea' })
  digest!: Buffer;

  @Column({ name: 'family_id', type: 'text' })
  familyId!: string;

  @Column({ name: 'subject_issuer', type: 'text' })
  subjectIssuer!: string;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ name: 'subject_id', type: 'text' })
  subjectId!: string;

  @Column({ name: 'subject_token_key_id', type: 'text', nullable: true })
  subjectTokenKeyId!: string | null;

  @Column({ name: 'grant_id', type: 'text' })
  grantId!: string;

  @Column({ name: 'grant_version', type: 'integer' })
  grantVersion!: number;

  @Column({ name: 'grant_digest', type: 'text' })
  grantDigest!: string;

  @Column({ name: 'grant_set_digest', type: 'text' })
  grantSetDigest!: string;

  @Column({ type: 'text' })
  pattern!: 'downscoping' | 'federation' | 'delegation';

  @Column({ type: 'text' })
  resource!: string;

  @Column({ type: 'text' })
  environment!: string;

  @Column({ type: 'text', array: true })
  scopes!: string[];

  @Column({ name: 'binding_kind', type: 'text' })
  bindingKind!: 'none' | 'dpop' | 'mtls';

  @Column({ name: 'binding_value', type: 'text', nullable: true })
  bindingValue!: string | null;

  @Column({ name: 'parent_id', type: 'text', nullable: true })
  parentId!: string | null;

  @Column({ name: 'chain_depth', type: 'smallint' })
  chainDepth!: number;

  @Column({ type: 'jsonb' })
  actors!: ActorHop[];

  @Column({ name: 'intent_method', type: 'text', nullable: true })
  intentMethod!: string | null;

  @Column({ name: 'intent_path', type: 'text', nullable: true })
  intentPath!: string | null;

  @Column({ type: 'text', nullable: true })
  task!: string | null;

  @Column({ name: 'issued_at', type: 'timestamptz' })
  issuedAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'max_calls', type: 'integer' })
  maxCalls!: number;

  @Column({ name: 'calls_used', type: 'integer' })
  callsUsed!: number;

  @Column({ type: 'text' })
  status!: 'active' | 'suspended' | 'revoked';

  @Column({ name: 'correlation_id', type: 'text' })
  correlationId!: string;

  @Column({ name: 'address_mark', type: 'bytea', nullable: true })
  addressMark!: Buffer | null;

  @Column({ name: 'first_use_told', type: 'boolean' })
  firstUseTold!: boolean;
}
