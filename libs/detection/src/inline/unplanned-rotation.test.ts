import { type EventDataOf } from '#events';
import { aRecordedEvent, DETECTION_AT, DetectionRig } from '#testing';

type Requested = EventDataOf<'dev.postern.rotation.requested.v1'>;

const requested = (data: Partial<Requested>, deployment?: string) =>
  aRecordedEvent(
    'dev.postern.rotation.requested.v1',
    {
      ...{ rotation_id: 'rot_1', resource: 'ledger', kind: 'dual_slot', trigger: 'admin' },
      ...{ attempt: 1, state: 'requested', outside_window: true, approvals_needed: 0, ...data },
    },
    { at: DETECTION_AT, ...(deployment === undefined ? {} : { deployment }) },
  );

const found = (data: Partial<Requested>, deployment?: string) =>
  new DetectionRig().candidates(requested(data, deployment));

describe('D21, a rotation outside its window', () => {
  it.each(['admin', 'detection', 'vault_change'] as const)(
    'is told when it is begun by %s and nobody has to approve it',
    async (trigger) => {
      expect(await found({ trigger })).toMatchObject([
        {
          ...{ rule: 'D21', severity: 'high', entity: { type: 'resource', id: 'ledger' } },
          responses: [{ action: 'hold_promotion', target: 'resource:ledger' }],
        },
      ]);
    },
  );

  it.each<[string, Partial<Requested>]>([
    ['within its window', { outside_window: false }],
    ['of a resource without a schedule', { outside_window: undefined }],
    ['that another has to approve (break-glass)', { approvals_needed: 1 }],
    ['that answers to a compromise', { trigger: 'compromise' }],
    ['of the schedule itself', { trigger: 'schedule' }],
  ])('is not told of one %s', async (_, data) => {
    expect(await found(data)).toEqual([]);
  });

  it('is told by its own deployment alone', async () => {
    expect(await found({}, 'postern-staging')).toEqual([]);
  });
});
