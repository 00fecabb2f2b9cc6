import { DependencyUnavailable, epochSeconds, secondsAfter } from '#kernel';
import { SignalsUnderTest, subjectOf, TEST_NOW } from '#testing';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const REVOKED = `${CAEP}session-revoked`;
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
const OTHER = 'https://other.test';
const HANDLE_REVOKED = 'dev.postern.handle.revoked.v1';
const ACCEPTED = 'dev.postern.signal.accepted.v1';
const REJECTED = 'dev.postern.signal.rejected.v1';

async function aReceiver() {
  const under = await SignalsUnderTest.create();
  const { journal, orders, clock, records } = under;
  const issue = (id: string, subject = 'workload-1', issuer?: string) =>
    under.issue(id, { subject: subjectOf(subject, issuer) });
  const receive = async (claims: object = {}) =>
    under.push(await under.mint({ events: { [REVOKED]: {} }, ...claims }));
  const revoked = () => under.idsWith('revoked');
  return { receive, issue, revoked, receipts: orders.receipts, records, clock, journal };
}

describe('a security event that is received', () => {
  it('E-04: revokes all handles of its subject and of nobody else, each with its event', async () => {
    const { issue, receive, revoked, journal } = await aReceiver();
    await issue('hdl_1');
    await issue('hdl_2');
    await issue('hdl_3', 'workload-2');
    await issue('hdl_4', 'workload-1', OTHER);
    await receive({ jti: 'one', txn: 'tx' });
    expect(revoked()).toEqual(['hdl_1', 'hdl_2']);
    expect(journal.of(HANDLE_REVOKED)).toMatchObject([
      { handle_id: 'hdl_1', scope: 'subject', initiator: 'command', initiator_id: 'hdl_pusher' },
      { handle_id: 'hdl_2', reason: `security event ${REVOKED} of signals/corp` },
    ]);
    expect(journal.of(ACCEPTED)).toEqual([
      {
        transmitter: 'signals/corp',
        pushed_by: 'sub_pusher',
        jti: 'one',
        event_type: REVOKED,
        issued_at: epochSeconds(TEST_NOW),
        txn: 'tx',
        subject_id: subjectOf('workload-1').id,
        outcome: 'revoked',
        revoked: 2,
      },
    ]);
    expect(new Set(journal.events.map(({ correlationid }) => correlationid))).toContain('req_1');
  });

  it.each<[string, object]>([
    ['session-revoked', {}],
    ['token-claims-change', { claims: { role: 'none' } }],
    ['credential-change', { change_type: 'revoke' }],
    ['credential-change', { change_type: 'update' }],
    ['credential-change', {}],
    ['device-compliance-change', { current_status: 'not-compliant' }],
    ['device-compliance-change', { current_status: 'Compliant' }],
    ['risk-level-change', { current_level: 'HIGH' }],
    ['risk-level-change', { current_level: 'MEDIUM' }],
    ['risk-level-change', {}],
  ])('E-04: revokes for %s %j', async (type, event) => {
    const { issue, receive, revoked } = await aReceiver();
    await issue('hdl_1');
    await receive({ events: { [`${CAEP}${type}`]: event } });
    expect(revoked()).toEqual(['hdl_1']);
  });

  it.each<[string, object]>([
    ['credential-change', { change_type: 'create' }],
    ['device-compliance-change', { current_status: 'compliant' }],
    ['risk-level-change', { current_level: 'LOW' }],
  ])('E-04: revokes nothing for %s %j, which says that trust was kept', async (type, event) => {
    const { issue, receive, revoked, journal } = await aReceiver();
    await issue('hdl_1');
    await receive({ events: { [`${CAEP}${type}`]: event } });
    expect(revoked()).toEqual([]);
    expect(journal.of(ACCEPTED)).toMatchObject([{ outcome: 'trust_kept', revoked: 0 }]);
  });

  it.each<[string, object, string]>([
    ['an unknown event type', { events: { 'https://events.test/x': {} } }, 'unknown_event'],
    ['an event type that objects inherit', { events: { constructor: {} } }, 'unknown_event'],
    ['an opaque subject', { sub_id: { format: 'opaque', id: 'x' } }, 'unknown_subject'],
    [
      'a subject of an unknown issuer',
      { sub_id: { format: 'iss_sub', iss: 'https://nobody.test', sub: 'workload-1' } },
      'unknown_subject',
    ],
  ])('E-05: of %s has no effect, and is recorded', async (_, claims, outcome) => {
    const { issue, receive, revoked, journal } = await aReceiver();
    await issue('hdl_1');
    await receive(claims);
    expect(revoked()).toEqual([]);
    expect(journal.of(ACCEPTED)).toMatchObject([{ outcome, revoked: 0 }]);
  });

  it('E-05: of a subject without handles revokes none', async () => {
    const { receive, journal } = await aReceiver();
    await receive();
    expect(journal.of(ACCEPTED)).toMatchObject([{ outcome: 'revoked', revoked: 0 }]);
  });

  it.each([{ state: 'VGhpcyBpcyBh' }, {}])(
    'E-06: that verifies the stream is recorded with its state, as in %j',
    async (event) => {
      const { receive, journal } = await aReceiver();
      await receive({
        events: { [VERIFICATION]: event },
        sub_id: { format: 'opaque', id: 'stream-1' },
      });
      const [accepted] = journal.of(ACCEPTED);
      expect(accepted).toMatchObject({ outcome: 'verified', ...event });
      expect('state' in accepted!).toBe('state' in event);
    },
  );

  it('E-07: twice has one effect, also on handles that were issued meanwhile', async () => {
    const { issue, receive, revoked, journal } = await aReceiver();
    await issue('hdl_1');
    await receive({ jti: 'one' });
    await issue('hdl_2');
    await receive({ jti: 'one' });
    expect(revoked()).toEqual(['hdl_1']);
    expect(journal.of(ACCEPTED)).toHaveLength(1);
    await receive({ jti: 'two' });
    expect(revoked()).toEqual(['hdl_1', 'hdl_2']);
  });

  it('E-07: is remembered for as long as it would be accepted', async () => {
    const { receive, receipts, clock, journal } = await aReceiver();
    const iat = epochSeconds(secondsAfter(TEST_NOW, 30));
    await receive({ jti: 'one', iat });
    clock.advance(86_430);
    expect(await receipts.purge(clock.now())).toBe(0);
    await receive({ jti: 'one', iat });
    expect(journal.of(ACCEPTED)).toHaveLength(1);
  });

  it.each(['records', 'journal'] as const)(
    'E-07: is not taken for received while the %s cannot be reached, and is acted on when it comes again',
    async (away) => {
      const under = await aReceiver();
      await under.issue('hdl_1');
      under[away].setReachable(false);
      const sent = { jti: 'one' };
      await expect(under.receive(sent)).rejects.toThrow(DependencyUnavailable);
      under[away].setReachable(true);
      await under.receive(sent);
      expect(under.revoked()).toEqual(['hdl_1']);
      expect(under.journal.of(ACCEPTED)).toHaveLength(1);
    },
  );

  it('E-01: that is refused changes nothing and leaves an event without a value of it', async () => {
    const { issue, receive, revoked, journal } = await aReceiver();
    await issue('hdl_1');
    await expect(receive({ aud: 'https://elsewhere.test' })).rejects.toMatchObject({
      err: 'invalid_audience',
    });
    expect(revoked()).toEqual([]);
    expect(journal.of(REJECTED)).toEqual([
      {
        transmitter: 'signals/corp',
        pushed_by: 'sub_pusher',
        err: 'invalid_audience',
        detail: 'its aud is not this deployment alone',
      },
    ]);
    expect(JSON.stringify(journal.events)).not.toContain('elsewhere');
  });

  it('E-01: is not refused without an event: while none can be written it must come again', async () => {
    const { receive, journal } = await aReceiver();
    journal.setReachable(false);
    await expect(receive({ aud: 'x' })).rejects.toThrow(DependencyUnavailable);
  });

  it('E-01: of an unknown transmitter leaves an event as well', async () => {
    const { receive, journal } = await aReceiver();
    await expect(receive({ iss: 'https://nobody.test' })).rejects.toMatchObject({
      err: 'invalid_issuer',
    });
    expect(journal.of(REJECTED)).toMatchObject([{ err: 'invalid_issuer' }]);
    expect(journal.events).toMatchObject([
      { partitionkey: 'signals/unknown', severitytext: 'WARN' },
    ]);
  });
});
