import { type HandleSelector } from '#handles';
import { ExchangeUnderTest } from '#testing';
import { ChangeHandles } from './change-handles.js';
import { OAuthError } from './oauth-error.js';

let sts: ExchangeUnderTest;
let changes: ChangeHandles;
beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
  changes = new ChangeHandles(sts);
});

const order = (action: 'suspend' | 'resume', selector: HandleSelector): Promise<unknown> =>
  changes.carryOut({
    ...{ action, selector, reason: 'a test', initiator: 'admin', initiatorId: undefined },
    correlationId: 'req_order',
  });
const refusalOf = (exchange: Promise<unknown>): Promise<unknown> =>
  exchange.then(
    () => 'permitted',
    (error: unknown) => error,
  );

describe('an exchange for what is suspended', () => {
  const resource = { scope: 'resource', id: 'ledger' } as const;

  it('is denied as one that no grant permits, and the event alone says why', async () => {
    await order('suspend', resource);
    const refused = (await refusalOf(sts.exchange())) as OAuthError;
    const notAllowed = new OAuthError('invalid_target', 'not_allowed', '');
    expect([refused.code, refused.description]).toEqual([notAllowed.code, notAllowed.description]);
    expect(sts.denials).toMatchObject([{ reason: 'suspended', error: 'invalid_target' }]);
  });

  it('spends no subject token: when it is resumed the same one is good', async () => {
    const subject_token = await sts.mint();
    await order('suspend', resource);
    await expect(sts.exchange({ subject_token })).rejects.toThrow(OAuthError);
    await order('resume', resource);
    await expect(sts.exchange({ subject_token })).resolves.toHaveProperty('handle');
  });

  it('is no matter of others', async () => {
    await order('suspend', { scope: 'resource', id: 'archive' });
    await expect(sts.exchange()).resolves.toHaveProperty('handle');
  });
});
