import { z } from 'zod';
import { type AdminAnswer, fitting } from './ask-admin.js';
import { shown } from './shown.js';

const nullable = z.string().nullish();

/** A rotation as the admin API tells it, as far as it is printed (docs/openapi.json). */
const rotation = z.looseObject({
  id: z.string(),
  resource: z.string(),
  kind: z.string(),
  origin: z.string(),
  trigger: z.string(),
  state: z.string(),
  previous_state: nullable,
  from_version: z.int().nullish(),
  to_version: z.int().nullish(),
  attempt: z.int(),
  error_class: nullable,
  initiator_id: nullable,
  reason: nullable,
  approvals_needed: z.int(),
  approved_by: z.array(z.string()),
  requested_at: z.string(),
  deadline_at: z.string(),
  ended_at: nullable,
  correlation_id: z.string(),
  events: z.array(z.looseObject({})).default([]),
});
export type ToldRotation = z.infer<typeof rotation>;

const page = z.looseObject({ rotations: z.array(rotation), next: nullable });

/** @throws PosternRefused for another answer */
export const rotationIn = (answer: AdminAnswer): ToldRotation => fitting(rotation, answer);

/** @throws PosternRefused for another answer */
export const rotationsIn = (answer: AdminAnswer): z.infer<typeof page> => fitting(page, answer);

const versionsOf = ({ from_version: from, to_version: to }: ToldRotation): string =>
  `${from ?? '-'} -> ${to ?? '-'}`;

/** One line for a list. */
export const rotationLine = (told: ToldRotation): string =>
  shown(
    [
      told.requested_at,
      told.id,
      told.resource,
      told.state,
      told.origin,
      told.trigger,
      versionsOf(told),
      ...(told.error_class ? [told.error_class] : []),
      ...(waitsFor(told) === 0 ? [] : [`waits for ${waitsFor(told)} approvals`]),
    ].join('  '),
  );

/** Approvals that are missing before it begins. */
export const waitsFor = ({
  state,
  approvals_needed: needed,
  approved_by: has,
}: ToldRotation): number => (state === 'requested' ? Math.max(0, needed - has.length) : 0);

/** Lines for a person at a terminal. */
export function rotationLines(told: ToldRotation): string[] {
  const facts: readonly (readonly [name: string, value: string | null | undefined])[] = [
    ['resource', told.resource],
    ['state', told.state],
    ['came from', told.previous_state],
    ['kind', told.kind],
    ['origin', told.origin],
    ['trigger', told.trigger],
    ['versions', versionsOf(told)],
    ['attempt', String(told.attempt)],
    ['last failure', told.error_class],
    ['asked by', told.initiator_id],
    ['reason', told.reason],
    ['approvals', `${told.approved_by.length} of ${told.approvals_needed}`],
    ['approved by', told.approved_by.join(', ')],
    ['asked at', told.requested_at],
    ['given up at', told.ended_at ? null : told.deadline_at],
    ['ended at', told.ended_at],
    ['correlation', told.correlation_id],
  ];
  return [
    shown(told.id),
    ...facts.flatMap(([name, value]) => (value ? [`  ${name.padEnd(14)}${shown(value)}`] : [])),
  ];
}
