import { createServer, type Server } from 'node:net';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Secret } from '#kernel';
import {
  CHANGE_MS_MAX,
  ChangeRefused,
  type CredentialChanger,
  newPassword,
  type SecretFields,
  TargetUnreachable,
} from '#rotation';
import {
  type ChangedCredential,
  type CredentialChangerUnderTest,
} from './credential-changer-under-test.js';

const POLICY = { length: 32, classes: ['lower', 'upper', 'digit'], symbols: '' } as const;
const RUNS = 12;
const WRONG = Secret.of('wrong-7d1c0b1e');

const portOf = (server: Server): number => (server.address() as { port: number }).port;

/** A port that takes connections and says nothing; and one where nothing listens. */
async function deadPorts(): Promise<{ silent: Server; closed: number }> {
  const [silent, gone] = await Promise.all([listening(), listening()]);
  const closed = portOf(gone);
  await new Promise((resolve) => gone.close(resolve));
  return { silent, closed };
}

const listening = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    server.listen(0, '127.0.0.1', () => resolve(server));
  });

const reject = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => {
      throw new Error('it was to be rejected');
    },
    (error: unknown) => error as Error,
  );

const withPassword = (fields: SecretFields, password: Secret): SecretFields =>
  new Map(fields).set('password', password);

const passwordOf = (fields: SecretFields): string => fields.get('password')!.reveal();

/** What every CredentialChanger keeps, at a real legacy system; see the port. */
export function credentialChangerContract(make: () => Promise<CredentialChangerUnderTest>): void {
  let tested: CredentialChangerUnderTest;
  let ports: { silent: Server; closed: number };
  beforeAll(async () => {
    [tested, ports] = await Promise.all([make(), deadPorts()]);
  }, 60_000);
  afterAll(async () => {
    ports.silent.close();
    await tested.close();
  });

  /** Both values of a change that begins, with the changer. */
  const aChange = async (
    account?: Parameters<CredentialChangerUnderTest['credential']>[0],
    password = newPassword(POLICY),
  ) => {
    const credential = await tested.credential(account);
    const changer = credential.changer();
    const { current } = credential;
    return { credential, changer, change: { current, next: changer.next(current, password) } };
  };
  const applyAgain = async (
    changer: CredentialChanger,
    change: Parameters<typeof changer.apply>[0],
  ) => {
    if (tested.again === 'same') return changer.apply(change);
    const error = await reject(changer.apply(change));
    expect(error).toBeInstanceOf(ChangeRefused);
    expect((error as ChangeRefused).errorClass).toMatch(tested.again);
  };
  const expectUntouched = async (credential: ChangedCredential, next: SecretFields) => {
    expect(await credential.isValid(credential.current)).toBe(true);
    expect(await credential.isValid(next)).toBe(false);
  };

  describe('a change', () => {
    it('leaves the fields of the secret that it does not concern as they are', async () => {
      const { changer, credential } = await aChange();
      const current = new Map(credential.current).set('note', Secret.of('kept'));
      const next = changer.next(current, Secret.of('new'));
      expect(next.get('note')?.reveal()).toBe('kept');
      expect(passwordOf(next)).toBe('new');
      expect(passwordOf(current)).not.toBe('new');
    });

    it('makes the next value valid, and leaves the current one valid where there are two slots', async () => {
      const { credential, changer, change } = await aChange();
      await expectUntouched(credential, change.next);
      await changer.apply(change);
      expect(await credential.isValid(change.next)).toBe(true);
      expect(await credential.isValid(change.current)).toBe(tested.slots === 'dual');
    });

    it('has its effect once when it is applied again, as after a crash', async () => {
      const { credential, changer, change } = await aChange();
      await changer.apply(change);
      await applyAgain(changer, change);
      expect(await credential.isValid(change.next)).toBe(true);
      expect(await credential.isValid(change.current)).toBe(tested.slots === 'dual');
    });

    it('ends the old value when it is retired, once or again', async () => {
      const { credential, changer, change } = await aChange();
      await changer.apply(change);
      for (let times = 1; times <= 2; times += 1) {
        await changer.retire({ old: change.current, current: change.next });
        expect(await credential.isValid(change.current)).toBe(false);
        expect(await credential.isValid(change.next)).toBe(true);
      }
    });

    it('can be followed by others, each of which begins where the last one ended', async () => {
      const { credential, changer } = await aChange();
      let { current } = credential;
      for (let times = 1; times <= 3; times += 1) {
        const next = changer.next(current, newPassword(POLICY));
        await changer.apply({ current, next });
        await changer.retire({ old: current, current: next });
        expect(await credential.isValid(current)).toBe(false);
        expect(await credential.isValid(next)).toBe(true);
        current = next;
      }
    });

    it('is taken back by retiring the new value, where there are two slots', async () => {
      if (tested.slots === 'single') return;
      const { credential, changer, change } = await aChange();
      await changer.apply(change);
      await changer.retire({ old: change.next, current: change.current });
      await expectUntouched(credential, change.next);
    });
  });

  describe('a change that cannot be made', () => {
    it('is refused, and changes nothing, when whoever makes it cannot log in', async () => {
      const { credential, change } = await aChange();
      const changer = credential.changer({ wrongLogin: true });
      const current = withPassword(change.current, WRONG);
      const error = await reject(changer.apply({ ...change, current }));
      expect(error).toBeInstanceOf(ChangeRefused);
      expect((error as ChangeRefused).errorClass).toMatch(tested.wrongLogin);
      await expectUntouched(credential, change.next);
    });

    it('is refused, and makes no account, when there is none', async () => {
      const { credential, changer, change } = await aChange();
      const elsewhere = new Map(change.current).set('username', Secret.of('nobody-4f1d'));
      const next = new Map(change.next).set('username', Secret.of('nobody-4f1d'));
      const error = await reject(changer.apply({ current: elsewhere, next }));
      expect(error).toBeInstanceOf(ChangeRefused);
      expect((error as ChangeRefused).errorClass).toMatch(tested.missing);
      expect(await credential.isValid(next)).toBe(false);
    });

    it('says that nothing was reached when nothing listens', async () => {
      const { credential, change } = await aChange();
      const changer = credential.changer({ port: ports.closed });
      await expect(changer.apply(change)).rejects.toThrow(TargetUnreachable);
      await expectUntouched(credential, change.next);
    });

    it('says so in time when a server takes the connection and is silent', async () => {
      const { credential, change } = await aChange();
      const changer = credential.changer({ port: portOf(ports.silent) });
      const begunMs = performance.now();
      await expect(changer.apply(change)).rejects.toThrow(TargetUnreachable);
      expect(performance.now() - begunMs).toBeLessThan(CHANGE_MS_MAX);
    });

    it('tells nothing of a value in what it throws', async () => {
      const { credential, changer, change } = await aChange();
      const current = withPassword(change.current, WRONG);
      const unreached = credential.changer({ port: ports.closed });
      const errors = await Promise.all([
        reject(credential.changer({ wrongLogin: true }).apply({ ...change, current })),
        reject(unreached.apply(change)),
        reject(changer.apply({ ...change, next: withPassword(change.next, Secret.of('')) })),
      ]);
      const said = errors
        .map((error) => inspect(error, { depth: null, showHidden: true }) + String(error.cause))
        .join();
      for (const value of [change.current, change.next].map(passwordOf)) {
        expect(said).not.toContain(value);
      }
      expect(said).not.toContain(WRONG.reveal());
    });

    it.each([
      ['empty', ''],
      ['with NUL', 'a\0b'],
      ['with half of a surrogate pair', 'a\ud800b'],
      ['of 2 KiB', 'x'.repeat(2_048)],
    ])('is refused for a password that is %s', async (_, password) => {
      const { credential, changer, change } = await aChange({}, Secret.of(password));
      await expect(changer.apply(change)).rejects.toThrow(ChangeRefused);
      expect(await credential.isValid(change.current)).toBe(true);
    });
  });

  describe('whatever user name and password', () => {
    it('changes the password of that account, and of no other', async () => {
      const bystander = await tested.credential();
      await fc.assert(
        fc.asyncProperty(tested.usernames, tested.passwords, async (username, password) => {
          const { credential, changer, change } = await aChange({ username }, Secret.of(password));
          await changer.apply(change);
          expect(await credential.isValid(change.next)).toBe(true);
          await changer.retire({ old: change.current, current: change.next });
          expect(await credential.isValid(change.next)).toBe(true);
          expect(await credential.isValid(change.current)).toBe(false);
        }),
        { numRuns: RUNS },
      );
      expect(await bystander.isValid(bystander.current)).toBe(true);
    }, 60_000);
  });

  describe('reconciling', () => {
    it('makes the next value valid when neither is', async () => {
      const { credential, changer, change } = await aChange();
      if (tested.drift === undefined) {
        expect(changer.reconcile).toBeUndefined();
        return;
      }
      await tested.drift(credential);
      expect(await credential.isValid(change.current)).toBe(false);
      await changer.reconcile?.(change);
      await changer.reconcile?.(change);
      expect(await credential.isValid(change.next)).toBe(true);
    });
  });

  describe('the logs of the legacy system', () => {
    it('hold the change, and neither password', async () => {
      const { credential, changer, change } = await aChange();
      await changer.apply(change);
      await changer.retire({ old: change.current, current: change.next });
      expect(await credential.isValid(change.next)).toBe(true);
      const logs = await tested.logs();
      expect(logs).toMatch(tested.logged);
      expect(logs).not.toContain(passwordOf(change.next));
    });
  });
}
