import { type QueryRunner } from 'typeorm';
import { CreateRoles1795200000000 } from './1795200000000-create-roles.js';
import { ForwardMigration } from './forward-migration.js';
import {
  EVIDENCE_TABLES,
  MAINTAIN_EVIDENCE,
  ROLLUP_TABLES,
} from './1795600001000-evidence-tables.js';
import { DETECTION_TABLES } from './1795600001000-detection-tables.js';

/**
 * What the sentinel keeps of events so that rules can look at it, what the rules found, and what is to be done about it.
 * No handle, token or secret is in here: handles by id, or by the first digits of their digest.
 */
export class CreateDetection1795600001000 extends ForwardMigration {
  readonly name = 'CreateDetection1795600001000';

  protected readonly statements = [
    ...EVIDENCE_TABLES,
    ...ROLLUP_TABLES,
    MAINTAIN_EVIDENCE,
    `revoke all on function public.maintain_evidence(timestamptz) from public`,
    `select public.maintain_evidence(now())`,
    ...DETECTION_TABLES,

    `grant usage on schema public to postern_sentinel`,
    `grant select on public.postern_migration to postern_sentinel`,
    `grant execute on function public.append_events(jsonb) to postern_sentinel`,
    `grant execute on function public.outbox_pressure(integer, bigint, interval) to postern_sentinel`,

    // Keeps evidence and reads it. What is kept cannot be changed, and is forgotten by age alone.
    `grant select, insert on public.evidence_exchange, public.evidence_use, public.evidence_change,
      public.evidence_rotation to postern_sentinel`,
    `grant select on public.exchanges, public.uses, public.changes, public.rotations, public.exchange_counts,
      public.use_counts to postern_sentinel`,
    `grant select, insert, update on public.exchange_rollup, public.use_rollup,
      public.evidence_counter to postern_sentinel`,
    `grant execute on function public.maintain_evidence(timestamptz) to postern_sentinel`,

    // Raises detections and orders responses. It closes none and carries out none: handles are control's.
    `grant select, insert on public.detection, public.response_order, public.rule_dry_run to postern_sentinel`,
    `grant update (subject_id, severity, confidence, observed, threshold, end_at, evidence, explanation, responses,
      updated_at) on public.detection to postern_sentinel`,

    // Reads detections, closes them, carries orders out.
    `grant select on public.detection, public.response_order to postern_control`,
    `grant update (closed_at, resolution, closed_by, note) on public.detection to postern_control`,
    `grant update (attempts, lease_until, settled_at, result, over_at, ended_at) on public.response_order to postern_control`,
  ];

  override async up(runner: QueryRunner): Promise<void> {
    await new CreateRoles1795200000000(['postern_sentinel']).up(runner);
    await super.up(runner);
  }
}
