import { dataSchemaOf, EventFactory, topicOfEvent } from '#events';
import { Clock } from '#kernel';

class NoonClock extends Clock {
  override now(): Date {
    return new Date('2026-11-20T12:00:00Z');
  }
}

const factory = new EventFactory({
  clock: new NoonClock(),
  environment: 'prod',
  deployment: 'eu-1',
  component: 'sts',
});
const draft = {
  subject: 'handle/hdl_a',
  partitionKey: 'hdl_a',
  correlationId: 'req_1',
  data: {
    handle_id: 'hdl_a',
    family_id: 'fam_a',
    scope: 'handle',
    reason: 'gone',
    initiator: 'admin',
    revoked_at: 1_795_176_000,
  },
} as const;

describe('the event factory', () => {
  it('fills in what all events of a component share', () => {
    expect(factory.create('dev.postern.handle.revoked.v1', draft)).toEqual({
      specversion: '1.0',
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/) as string,
      source: 'urn:postern:eu-1:sts',
      type: 'dev.postern.handle.revoked.v1',
      subject: 'handle/hdl_a',
      time: '2026-11-20T12:00:00.000Z',
      datacontenttype: 'application/json',
      dataschema: 'https://postern.dev/schemas/handle.revoked/1.json',
      partitionkey: 'hdl_a',
      correlationid: 'req_1',
      severitytext: 'INFO',
      dataclassification: 'internal',
      env: 'prod',
      data: draft.data,
    });
  });

  it('names the cause and the severity when it is told them, and never twice the same id', () => {
    const more = { ...draft, causationId: 'evt_1', severity: 'WARN' } as const;
    const one = factory.create('dev.postern.handle.revoked.v1', more);
    const other = factory.create('dev.postern.handle.revoked.v1', more);
    expect(one).toMatchObject({ causationid: 'evt_1', severitytext: 'WARN' });
    expect(one.id).not.toBe(other.id);
  });

  it('makes events whose type says their topic and the address of their schema', () => {
    const event = factory.create('dev.postern.handle.revoked.v1', draft);
    expect(topicOfEvent(event)).toBe('postern.handle.v1');
    expect(dataSchemaOf(event.type)).toBe(event.dataschema);
  });
});
