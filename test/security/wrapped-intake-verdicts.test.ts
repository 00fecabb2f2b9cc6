import { randomUUID } from 'node:crypto';
import { Secret, SystemClock } from '#kernel';
import { type Rotation } from '#rotation';
import { describeWithServer } from '#test-support';
import { WrappedIntake } from './wrapped-intake.js';

/**
 * G8. What somebody can do to a wrapping token on its way, done to real ones: each gives its verdict, a token that is not
 * taken is not used up, and neither it nor its value is in a row, an event or an error.
 */
describeWithServer('a wrapping token that is handed over', 'openbao', () => {
  describeWithServer('to a rotator', 'postgres-18', () => {
    let intake: WrappedIntake;
    let value: string;
    /** Whatever must be found nowhere. */
    let secrets: string[];

    beforeAll(async () => {
      intake = await WrappedIntake.start();
    }, 180_000);
    afterAll(() => intake.stop());
    beforeEach(() => {
      value = `canary-${randomUUID()}`;
      secrets = [value];
      intake.cutter.cuts = false;
      intake.cutter.unwraps = 0;
      intake.cutter.onUnwrap = async () => undefined;
    });
    afterEach(async () => {
      const everything = await intake.everything();
      expect(everything).toContain('legacy/ledger');
      for (const form of secrets.flatMap(formsOf)) expect(everything).not.toContain(form);
    });

    const wrap = async (terms?: { path?: string; ttlSeconds?: number }): Promise<Secret> => {
      const token = await intake.wrap(value, terms);
      secrets.push(token.reveal());
      return token;
    };
    const told = async (token: Secret) => {
      const known = (await intake.tokens.lookUp(token))!;
      return { createdAt: known.createdAt, ttlSeconds: known.ttlSeconds };
    };
    const isStillGood = async (token: Secret): Promise<boolean> =>
      (await intake.admin.unwrap(token.reveal())).status === 200;

    const expectVerdict = async (
      rotation: Rotation,
      state: 'wrap_suspect' | 'wrap_lost',
      verdict: string,
    ): Promise<void> => {
      expect(rotation).toMatchObject({ state, errorClass: verdict });
      expect(rotation.wrap?.sealedToken).toBeUndefined();
      const type = `dev.postern.${state.replace('_', '.')}.v1`;
      const events = await intake.eventsOf(rotation);
      const found = events.filter((event) => event.type === type);
      expect(found).toHaveLength(1);
      expect(found[0]!.data).toMatchObject({ verdict, expected_path: intake.creationPath });
      expect(await intake.secrets.staged(intake.ref, rotation.id)).toBeUndefined();
      expect((await intake.values.currentVersion(intake.ref)).version).toBe(1);
    };

    it('is looked for where it would be found', async () => {
      const planted = `planted-${randomUUID()}`;
      const row = [planted, randomUUID()];
      await intake.postgres.database.query(
        'insert into inbox (consumer, event_id) values ($1, $2)',
        row,
      );
      intake.failures.push(new Error('refused', { cause: { request: `${planted}-in-an-error` } }));
      const everything = await intake.everything();
      intake.failures.pop();
      expect(everything.split(planted)).toHaveLength(3);
    });

    it('and is genuine becomes the pending value, which lies in Vault alone', async () => {
      const token = await wrap();
      const rotation = await intake.takeIn(token, { told: await told(token) });
      expect(rotation.state).toBe('staged');
      const staged = await intake.secrets.staged(intake.ref, rotation.id);
      expect(staged?.get('password')?.reveal()).toBe(value);
      expect(await isStillGood(token)).toBe(false);
      const types = (await intake.eventsOf(rotation)).map(({ type }) => type);
      expect(types).toContain('dev.postern.wrap.verified.v1');
      expect(types).toContain('dev.postern.wrap.unwrapped.v1');
      await intake.forget(rotation);
    });

    it('and was wrapped anew, which kept its path, is suspect, and is not used up', async () => {
      const token = await wrap();
      const known = await told(token);
      // Later than the clocks of the two may differ, as it is when somebody had it in between.
      const earlier = { ...known, createdAt: new Date(known.createdAt.getTime() - 10_000) };
      const other = Secret.of(await intake.admin.rewrap(token.reveal()));
      secrets.push(other.reveal());
      await expectVerdict(
        await intake.takeIn(other, { told: earlier }),
        'wrap_suspect',
        'rewrapped',
      );
      expect(await isStillGood(other)).toBe(true);
    });

    it('and holds what somebody took out and wrapped himself is suspect, and is not used up', async () => {
      const token = Secret.of(await intake.admin.wrapFields({ password: value }, 300));
      secrets.push(token.reveal());
      await expectVerdict(await intake.takeIn(token), 'wrap_suspect', 'rewrapped');
      expect(await isStillGood(token)).toBe(true);
    });

    it.each(['intake/bar', 'intake/ledger2', 'intake/ledger/below', 'intake', 'legacy/ledger'])(
      'and was made of %s, where intake/ledger is expected, is suspect, and is not used up',
      async (path) => {
        const known = path === 'legacy/ledger';
        const token = known
          ? Secret.of(await intake.admin.wrapRead(`${intake.mount}/data/${path}`, 300))
          : await wrap({ path });
        await expectVerdict(await intake.takeIn(token), 'wrap_suspect', 'wrong_path');
        expect(intake.cutter.unwraps).toBe(0);
        expect(await isStillGood(token)).toBe(true);
      },
    );

    it('and was opened by somebody else is suspect', async () => {
      const token = await wrap();
      const known = await told(token);
      expect(await isStillGood(token)).toBe(true);
      const rotation = await intake.takeIn(token, { told: known });
      await expectVerdict(rotation, 'wrap_suspect', 'already_unwrapped');
    });

    it('and lives longer than it may is suspect, and is not used up', async () => {
      const token = await wrap({ ttlSeconds: 3_600 });
      await expectVerdict(await intake.takeIn(token), 'wrap_suspect', 'ttl_too_long');
      expect(await isStillGood(token)).toBe(true);
    });

    it('and was handed over before is suspect', async () => {
      const token = await wrap({ path: 'intake/bar' });
      await expectVerdict(await intake.takeIn(token), 'wrap_suspect', 'wrong_path');
      await expectVerdict(await intake.takeIn(token), 'wrap_suspect', 'seen_before');
    });

    it('and has expired is lost', async () => {
      const token = await wrap({ ttlSeconds: 1 });
      const known = { createdAt: new SystemClock().now(), ttlSeconds: 1 };
      while ((await intake.tokens.lookUp(token)) !== undefined) await new Promise(setImmediate);
      while (new SystemClock().now().getTime() <= known.createdAt.getTime() + 1_000) {
        await new Promise(setImmediate);
      }
      await expectVerdict(await intake.takeIn(token, { told: known }), 'wrap_lost', 'expired');
    });

    it('and whose answer is cut on its way is lost, and is asked for once', async () => {
      const token = await wrap();
      intake.cutter.cuts = true;
      await expectVerdict(await intake.takeIn(token), 'wrap_lost', 'response_lost');
      expect(intake.cutter.unwraps).toBe(1);
      expect(await isStillGood(token)).toBe(false);
    });

    it('waits, and is not used up, as long as its value could not be kept', async () => {
      const token = await wrap();
      await intake.permit((hcl) => hcl.replaceAll('ledger.pending/', 'ledger.elsewhere/'));
      const rotation = await intake.takeIn(token);
      expect(rotation).toMatchObject({ state: 'intake', errorClass: 'credential-unavailable' });
      expect(intake.cutter.unwraps).toBe(0);
      await intake.permit((hcl) => hcl);
      expect((await intake.goOn()).state).toBe('staged');
      expect(intake.cutter.unwraps).toBe(1);
      await intake.forget(rotation);
    });

    it('is lost when the policy ends between its use and the pending value, and is not asked for again', async () => {
      const token = await wrap();
      intake.cutter.onUnwrap = () => intake.permit(() => 'path "nothing" { capabilities = [] }');
      const waiting = await intake.takeIn(token);
      expect(waiting).toMatchObject({ state: 'intake', errorClass: 'credential-unavailable' });
      await intake.permit((hcl) => hcl);
      await expectVerdict(await intake.goOn(), 'wrap_lost', 'response_lost');
      expect(intake.cutter.unwraps).toBe(1);
    });

    it('and was being used up when the rotator died is lost, and is not asked for again', async () => {
      const token = await wrap();
      const rotation = await intake.takeIn(token, { unwrapStartedAt: new SystemClock().now() });
      await expectVerdict(rotation, 'wrap_lost', 'response_lost');
      expect(intake.cutter.unwraps).toBe(0);
    });
  });
});

const formsOf = (text: string): string[] => {
  const bytes = Buffer.from(text);
  return [
    text,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(text),
  ];
};
