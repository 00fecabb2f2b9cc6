import { type Detection } from '#detection';
import { aCandidate, raising } from '#testing';
import { AdminApi, type AdminAnswer } from '../../../test/support/admin-api.js';
import { until } from '../../../test/support/until.js';

let api: AdminApi;
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
});
afterEach(() => api.host.close(0));

const post = (presented: string | undefined, path: string, body: unknown): Promise<AdminAnswer> =>
  api.ask(path, presented, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const operator = async (...scopes: string[]): Promise<string> =>
  (await api.operator(...scopes)).plaintext;
const raise = async (overrides: Parameters<typeof aCandidate>[0] = {}): Promise<Detection> => {
  const sum = await api.detection.store.raise(
    [aCandidate({ responses: [], ...overrides })],
    raising(),
  );
  return sum.raised[0]!;
};
const DAY_SECONDS = 86_400;
const refusal = (status: number, code: string): object => ({ status, body: { title: code } });

describe('detections', () => {
  it('are listed to who may read, the newest first, by what is asked for', async () => {
    const one = await raise();
    const other = await raise({ rule: 'D24', severity: 'high' });
    const reader = await operator('admin.read');
    const all = (await api.ask('detections', reader)).body as { detections: { id: string }[] };
    expect(new Set(all.detections.map(({ id }) => id))).toEqual(new Set([one.id, other.id]));
    expect((await api.ask('detections?rule=D24', reader)).body).toMatchObject({
      detections: [{ id: other.id, severity: 'high', closed: null }],
      next: null,
    });
    expect((await api.ask('detections?severity=low', reader)).body).toMatchObject({
      detections: [],
    });
    const about = `entityType=handle&entityId=${one.entity.id}`;
    expect((await api.ask(`detections?${about}`, reader)).body).toMatchObject({
      detections: [{ id: one.id }],
    });
  });

  it('are shown with why, by which events, and what was done', async () => {
    const found = await raise();
    expect(await api.ask(`detections/${found.id}`, await operator('admin.read'))).toMatchObject({
      status: 200,
      body: {
        id: found.id,
        explanation: found.explanation,
        evidence_event_ids: found.evidence,
        responses: [],
      },
    });
  });

  it.each<[string, string]>([
    ['an unknown member', 'detections?colour=red'],
    ['an unknown rule', 'detections?rule=D99'],
    ['an entity without its type', 'detections?entityId=hdl_1'],
    ['a limit above 500', 'detections?limit=501'],
  ])('are refused for %s', async (_, path) => {
    expect(await api.ask(path, await operator('admin.read'))).toMatchObject(
      refusal(400, 'bad-request'),
    );
  });

  it.each(['det_none', 'x', '%00', encodeURIComponent("'; drop")])(
    'are not found by the id %s',
    async (id) => {
      expect(await api.ask(`detections/${id}`, await operator('admin.read'))).toMatchObject(
        refusal(404, 'detection-unknown'),
      );
    },
  );

  it('are closed once, with their event, by who may revoke', async () => {
    const { id } = await raise();
    const analyst = await operator('admin.revoke');
    const closing = { resolution: 'false_positive', note: 'ticket 1' };
    expect(await post(analyst, `detections/${id}/close`, closing)).toMatchObject({
      status: 200,
      body: { closed: { resolution: 'false_positive', note: 'ticket 1' } },
    });
    const again = await post(analyst, `detections/${id}/close`, { resolution: 'confirmed' });
    expect(again.body).toMatchObject({ closed: { resolution: 'false_positive' } });
    const events = api.records.journal.events.filter(({ type }) => type.includes('closed'));
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain('ticket 1');
  });

  it.each<[string, unknown]>([
    ['none', {}],
    ['one that only time gives', { resolution: 'timed_out' }],
    ['a member too many', { resolution: 'benign', force: true }],
  ])('are not closed with %s', async (_, body) => {
    const { id } = await raise();
    const answer = await post(await operator('admin.revoke'), `detections/${id}/close`, body);
    expect(answer).toMatchObject(refusal(400, 'bad-request'));
  });

  it('are closed and taken back by nobody who may only read', async () => {
    const { id } = await raise();
    const reader = await operator('admin.read');
    for (const [act, body] of [
      ['close', { resolution: 'benign' }],
      ['undo', { reason: 'x' }],
    ] as const) {
      expect((await post(reader, `detections/${id}/${act}`, body)).status).toBe(403);
      expect((await post(undefined, `detections/${id}/${act}`, body)).status).toBe(401);
    }
  });
});

describe('what was done about a detection', () => {
  it('is taken back when it was a suspension, and kept when it was a revocation', async () => {
    const { handle } = await api.issue();
    const responses = [
      { action: 'suspend_handle', target: `handle:${handle.id}`, seconds: undefined },
    ] as const;
    const { id } = await raise({ responses });
    const analyst = await operator('admin.revoke', 'admin.read');
    const statusOf = async (): Promise<unknown> =>
      ((await api.ask(`handles/${handle.id}`, analyst)).body as { status: string }).status;
    await untilIt(async () => (await statusOf()) === 'suspended');
    await untilIt(async () => {
      const { body } = await api.ask(`detections/${id}`, analyst);
      return (body as { responses: { result: string }[] }).responses[0]?.result === 'done';
    });
    const undone = await post(analyst, `detections/${id}/undo`, { reason: 'our own test' });
    expect(undone.body).toMatchObject({ undone: [{ action: 'suspend_handle' }], kept: [] });
    expect(await statusOf()).toBe('active');
    const again = await post(analyst, `detections/${id}/undo`, { reason: 'again' });
    expect(again.body).toMatchObject({ undone: [], kept: [{ action: 'suspend_handle' }] });
  });

  it('is nothing where the handle is of no deployment of ours', async () => {
    const target = `handle_fp:${'0'.repeat(32)}`;
    const { id } = await raise({
      responses: [{ action: 'revoke_handle', target, seconds: undefined }],
    });
    const reader = await operator('admin.read');
    await untilIt(async () => {
      const { body } = await api.ask(`detections/${id}`, reader);
      const [response] = (body as { responses: { result: string }[] }).responses;
      return response?.result === 'nothing_to_do';
    });
  });

  it('is the revocation of a handle that is known by the beginning of its digest', async () => {
    const { handle } = await api.issue();
    const { handle: bystander } = await api.issue();
    const target = `handle_fp:${handle.digest.slice(0, 32)}`;
    await raise({ responses: [{ action: 'revoke_handle', target, seconds: undefined }] });
    await untilIt(async () => (await api.handles.findById(handle.id))?.status === 'revoked');
    expect((await api.handles.findById(bystander.id))?.status).toBe('active');
  });
});

describe('rules', () => {
  it('are told with how they are set and when they were tried', async () => {
    api.detection.dryRuns.tried.push({ rule: 'D07', at: new Date(0), found: 3, by: 'sub_1' });
    const { body } = await api.ask('detection-rules', await operator('admin.read'));
    const { rules } = body as { rules: { id: string; mode: string; last_dry_run: unknown }[] };
    expect(rules).toHaveLength(24);
    expect(rules.find(({ id }) => id === 'D07')?.last_dry_run).toMatchObject({ found: 3 });
    expect(rules.find(({ id }) => id === 'D02')).toMatchObject({ mode: 'enforce' });
  });

  it('are tried when an operator asks, unless they look at one event alone', async () => {
    const analyst = await operator('admin.revoke');
    expect((await post(analyst, 'detection-rules/D07/dry-run', {})).status).toBe(202);
    expect(await api.detection.dryRuns.waiting()).toMatchObject([{ rule: 'D07' }]);
    expect(await post(analyst, 'detection-rules/D02/dry-run', {})).toMatchObject(
      refusal(409, 'rule-not-tryable'),
    );
    expect(await post(analyst, 'detection-rules/D99/dry-run', {})).toMatchObject(
      refusal(400, 'bad-request'),
    );
    expect(
      (await post(await operator('admin.read'), 'detection-rules/D07/dry-run', {})).status,
    ).toBe(403);
  });
});

/** The loop of responses looks ten times a second. */
async function untilIt(isTrue: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 20_000;
  while (!(await isTrue())) {
    if (performance.now() > endsAt) throw new Error('it did not come true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('detections that nobody closed', () => {
  it('are closed by control when nothing has changed for thirty days', async () => {
    await api.host.close(0);
    api = new AdminApi();
    const { id } = await raise();
    api.clock.advance(31 * DAY_SECONDS);
    const young = await api.detection.store.raise([aCandidate({ responses: [] })], {
      ...raising(),
      now: api.clock.now(),
    });
    await api.start();
    const closedOf = async (which: string) => (await api.detection.store.find(which))?.closed;
    await until('the old one is closed', async () => (await closedOf(id)) !== undefined);
    expect(await closedOf(id)).toMatchObject({ resolution: 'timed_out', by: undefined });
    expect(await closedOf(young.raised[0]!.id)).toBeUndefined();
  });
});
