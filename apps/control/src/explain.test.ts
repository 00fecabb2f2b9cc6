import { aDenialEvent } from '#testing';
import { AdminApi } from '../../../test/support/admin-api.js';

let api: AdminApi;
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
});
afterEach(() => api.host.close(0));

const refusal = (status: number, code: string): object => ({
  status,
  body: { status, title: code },
});

describe('explaining a decision', () => {
  it('tells the operator which step refused and what was compared, and gives the events', async () => {
    const { plaintext } = await api.operator('admin.read');
    const denial = aDenialEvent();
    await api.records.journal.append([denial]);
    const answer = await api.ask(`explain/${denial.correlationid}`, plaintext);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({
      correlation_id: denial.correlationid,
      effect: 'deny',
      step: 'parse',
      compared: 'a contract test',
      events: [{ id: denial.id }],
    });
  });

  it('says of an unknown correlation id how long events are kept', async () => {
    const { plaintext } = await api.operator('admin.read');
    const answer = await api.ask('explain/req_none', plaintext);
    expect(answer).toMatchObject(refusal(404, 'decision-unknown'));
    expect(JSON.stringify(answer.body)).toContain('for 3 days at least');
  });

  it.each(['%00', 'a%0ab'])('refuses the correlation id %s', async (id) => {
    const { plaintext } = await api.operator('admin.read');
    const answer = await api.ask(`explain/${id}`, plaintext);
    expect(answer).toMatchObject(refusal(400, 'bad-request'));
  });

  it('says 503 when the events cannot be read', async () => {
    const { plaintext } = await api.operator('admin.read');
    api.evidence.setReachable(false);
    const answer = await api.ask('explain/req_x', plaintext);
    expect(answer).toMatchObject(refusal(503, 'dependency-unavailable'));
  });
});
