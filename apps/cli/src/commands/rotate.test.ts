import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { type RotationState } from '#events';
import { type Rotation } from '#rotation';
import {
  aRotation,
  aRotationEvent,
  rotationTerms,
  subjectOf,
  TEST_ROTATED_REF,
  until,
} from '#testing';
import { AdminApi } from '../../../../test/support/admin-api.js';
import { anIntakeKey } from '../../../../test/support/intake-key.js';
import { addRotate } from './rotate.js';
import { addRotations } from './rotations.js';

const TOKEN = `hvs.${'A'.repeat(24)}`;
const REASON = ['--reason', 'change 4711'];
const wrapped = {
  creationPath: 'secret/data/intake/ledger',
  ttlSecondsMax: 900,
  ageSecondsMax: 900,
};

let api: AdminApi;
let folder: string;
let printed: string[];
beforeEach(async () => {
  api = new AdminApi();
  await api.rotation.book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: 4 }, []);
  api.terms.set('ledger', rotationTerms({ wrapped }));
  await api.start();
  folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  printed = [];
  process.exitCode = undefined;
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(String(line)));
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
  await operator('one', 'admin.rotate', 'admin.read');
});
afterEach(async () => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
  await api.host.close(0);
  rmSync(folder, { recursive: true });
});

/** Whoever asks from here on. */
async function operator(name: string, ...scopes: string[]): Promise<void> {
  const { plaintext } = await api.issue({ resource: 'postern', scopes, subject: subjectOf(name) });
  writeFileSync(join(folder, 'operator'), plaintext);
}
const givenOnInput = (text: string): void =>
  void jest
    .spyOn(process, 'stdin', 'get')
    .mockReturnValue(Readable.from([Buffer.from(text)]) as unknown as typeof process.stdin);

async function postern(...args: readonly string[]): Promise<void> {
  const program = new Command('postern').exitOverride();
  addRotate(program);
  addRotations(program);
  const admin = `http://127.0.0.1:${api.host.address.port}`;
  const where = ['--admin', admin, '--handle-file', join(folder, 'operator')];
  await program.parseAsync(['node', 'postern', ...args, ...where]);
}
const stored = (): Rotation[] => [...api.world.rotations.values()].map(({ rotation }) => rotation);

/** A rotator takes it through these states. */
async function goThrough(states: readonly Exclude<RotationState, 'requested'>[]): Promise<void> {
  const lease = await api.rotation.store.lease('rotator', 60_000);
  let { rotation } = lease!;
  for (const state of states) {
    const next = { ...rotation, state, previousState: rotation.state };
    await api.rotation.store.commit(lease!, { next, events: [aRotationEvent(rotation, state)] });
    rotation = next;
  }
}

describe('postern rotate', () => {
  it('shows each state as it comes, and ends with 0 when it is done', async () => {
    const running = postern('rotate', 'ledger', '--generated', ...REASON);
    await until(() => printed.length >= 2, 'the first state');
    const first = ['staged', 'verifying', 'verified', 'promoting', 'promoted'] as const;
    await goThrough([...first, 'draining', 'retiring', 'done']);
    await running;
    expect(printed[0]).toMatch(/^rot_/);
    const states = printed.slice(1).map((line) => line.split('  ')[1]);
    expect(states).toEqual(['requested', ...first, 'draining', 'retiring', 'done']);
    expect(process.exitCode).toBe(0);
  });

  it.each([
    ['abandoned', 1],
    ['wrap_lost', 1],
    ['rolled_back', 1],
    ['manual_required', 2],
  ] as const)('that comes to be %s ends with %d', async (state, code) => {
    const running = postern('rotate', 'ledger', '--generated', ...REASON);
    await until(() => stored().length === 1, 'the rotation');
    const world = api.world.rotations.get(stored()[0]!.id)!;
    world.rotation = { ...world.rotation, state, errorClass: 'overdue' };
    await running;
    expect(process.exitCode).toBe(code);
    expect(printed.join('\n')).toContain('last failure: overdue');
  });

  it('says whose approval it waits for, and how to give it', async () => {
    const running = postern('rotate', 'ledger', '--generated', '--compromise', ...REASON);
    await until(() => printed.some((line) => line.includes('waits for')), 'that it waits');
    const id = stored()[0]!.id;
    expect(printed.join('\n')).toContain(`postern rotations approve ${id}`);
    await operator('other', 'admin.approve');
    await postern('rotations', 'approve', id);
    expect(stored()[0]?.approvedBy).toEqual([subjectOf('other').id]);
    await operator('one', 'admin.rotate', 'admin.read');
    await postern('rotations', 'abandon', id, '--reason', 'an exercise');
    await running;
    expect(process.exitCode).toBe(1);
  });

  it('prints the id and no more with --no-wait', async () => {
    await postern('rotate', 'ledger', '--generated', '--no-wait', ...REASON);
    expect(printed).toEqual([stored()[0]?.id]);
    expect(process.exitCode).toBeUndefined();
  });

  it.each([
    ['bare', TOKEN],
    [
      'as vault prints it',
      JSON.stringify({
        wrap_info: { token: TOKEN, ttl: 600, creation_time: '2026-11-20T12:00:00Z' },
      }),
    ],
  ])('hands a wrapping token over, %s, that only a rotator can open', async (_, text) => {
    const { intakeKey, open } = await anIntakeKey();
    await api.intakeKeys.publish(intakeKey);
    givenOnInput(`${text}\n`);
    await postern('rotate', 'ledger', '--wrapped', '--no-wait', ...REASON);
    const [rotation] = stored();
    expect(await open(rotation!.wrap!.sealedToken!)).toBe(TOKEN);
    const told =
      text === TOKEN ? undefined : { createdAt: expect.any(Date) as unknown, ttlSeconds: 600 };
    expect(rotation).toMatchObject({ origin: 'wrapped', wrap: { told } });
    expect(JSON.stringify([rotation, printed, api.lines])).not.toContain(TOKEN);
  });

  it('hands nothing over before a rotator has published its key', async () => {
    givenOnInput(TOKEN);
    await expect(postern('rotate', 'ledger', '--wrapped', ...REASON)).rejects.toMatchObject({
      name: 'PosternRefused',
      status: 503,
    });
    expect(stored()).toEqual([]);
  });

  it('hands nothing over that is no wrapping token', async () => {
    await api.intakeKeys.publish((await anIntakeKey()).intakeKey);
    givenOnInput('my-password-1');
    const attempt = postern('rotate', 'ledger', '--wrapped', ...REASON);
    await expect(attempt).rejects.toThrow('this is no wrapping token');
    expect(stored()).toEqual([]);
  });

  it.each([
    ['that does not say from where', ['ledger', ...REASON]],
    ['that says both', ['ledger', '--wrapped', '--generated', ...REASON]],
    ['without a reason', ['ledger', '--generated']],
    ['of two resources', ['ledger', 'archive', '--generated', ...REASON]],
    ['with a token among the arguments', ['ledger', TOKEN, '--wrapped', ...REASON]],
    ['with a token in its reason', ['ledger', '--generated', '--reason', TOKEN]],
  ])('%s is refused before anything is sent', async (_, args) => {
    const attempt = postern('rotate', ...args);
    await expect(attempt).rejects.toMatchObject({ code: 'usage' });
    await expect(attempt).rejects.not.toThrow(TOKEN);
    expect(stored()).toEqual([]);
  });
});

describe('postern rotations', () => {
  beforeEach(() => {
    for (const rotation of [
      aRotation({ id: 'rot_1', state: 'done', toVersion: 2 }),
      aRotation({ id: 'rot_2', state: 'manual_required', errorClass: 'change-refused' }),
    ]) {
      const place = { owner: undefined, leaseUntilMs: 0, fence: 0 };
      api.world.rotations.set(rotation.id, { rotation, ...place });
    }
  });

  it('lists them, the newest first, and takes a filter', async () => {
    await postern('rotations', 'list');
    expect(printed).toEqual([
      expect.stringMatching(/rot_2 {2}ledger {2}manual_required .* 1 -> - {2}change-refused$/),
      expect.stringMatching(/rot_1 {2}ledger {2}done .* 1 -> 2$/),
    ]);
    printed.length = 0;
    await postern('rotations', 'list', '--state', 'done', '--json');
    expect(JSON.parse(printed[0]!)).toMatchObject({ rotations: [{ id: 'rot_1' }] });
  });

  it('shows one with its facts', async () => {
    await postern('rotations', 'show', 'rot_2');
    expect(printed).toEqual(
      expect.arrayContaining(['rot_2', '  state         manual_required', 'events:']),
    );
  });

  it('reconciles one that asks for an administrator', async () => {
    await postern('rotations', 'reconcile', 'rot_2', '--reason', 'the account is back');
    expect(printed[0]).toContain('reconciling');
    expect(api.world.rotations.get('rot_2')?.rotation.state).toBe('reconciling');
  });

  it('abandons for a reason only', async () => {
    await expect(postern('rotations', 'abandon', 'rot_2')).rejects.toMatchObject({ code: 'usage' });
    await postern('rotations', 'abandon', 'rot_2', '--reason', 'done by hand');
    expect(api.world.rotations.get('rot_2')?.rotation.state).toBe('abandoned');
  });

  it('says how each credential stands', async () => {
    await postern('rotations', 'credentials');
    expect(printed).toEqual([
      'ledger  active  gate open  version 4  single_slot  secret/ledger/settlement',
    ]);
  });

  it('says that there is none of that id', async () => {
    await expect(postern('rotations', 'show', 'rot_none')).rejects.toMatchObject({ status: 404 });
  });
});
