import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Detection } from '#detection';
import { aCandidate, raising } from '#testing';
import { type AdminApi } from '../../../../test/support/admin-api.js';
import { OperatorRun } from '../../../../test/support/command-run.js';
import { addDetections } from './detections.js';

let cli: OperatorRun;
let api: AdminApi;
let printed: string[];
let said: string[];
beforeEach(async () => {
  cli = await OperatorRun.begin(addDetections);
  ({ api, printed, said } = cli);
});
afterEach(() => cli.end());

const detections = (...args: readonly string[]): Promise<void> => cli.ask('detections', ...args);
const detectionsAt = (admin: string, ...args: readonly string[]): Promise<void> =>
  cli.askAt(admin, 'detections', ...args);

async function raise(overrides: Parameters<typeof aCandidate>[0] = {}): Promise<Detection> {
  const candidate = aCandidate({ responses: [], ...overrides });
  return (await api.detection.store.raise([candidate], raising())).raised[0]!;
}

describe('postern detections', () => {
  it('lists them, by what is asked for', async () => {
    const one = await raise();
    const other = await raise({ rule: 'D24', severity: 'high' });
    await detections('list');
    expect(printed).toHaveLength(2);
    printed.length = 0;
    await detections('list', '--rule', 'D24', '--severity', 'high', '--status', 'open');
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain(other.id);
    printed.length = 0;
    await detections('list', '--entity', `handle:${one.entity.id}`, '--limit', '1');
    expect(printed).toHaveLength(1);
  });

  it('says that there is none where a person reads it, and a script has the list', async () => {
    await detections('list', '--status', 'closed');
    expect([printed, said]).toEqual([[], ['no detection\n']]);
    await detections('list', '--status', 'closed', '--json');
    expect([printed, said]).toEqual([['{"detections":[],"next":null}'], ['no detection\n']]);
  });

  it('says where the next page begins', async () => {
    const one = await raise();
    const other = await raise({ rule: 'D24' });
    await detections('list', '--limit', '1');
    const after = /^more: --after (\S+)\n$/.exec(said.join(''))?.[1];
    await detections('list', '--limit', '1', '--after', after!);
    expect(printed.join('\n')).toContain(one.id);
    expect(printed.join('\n')).toContain(other.id);
  });

  it('shows one, as lines and as JSON', async () => {
    const { id, explanation } = await raise();
    await detections('show', id);
    expect(printed.join('\n')).toContain(explanation);
    printed.length = 0;
    await detections('show', id, '--json');
    expect(JSON.parse(printed.join(''))).toMatchObject({ id, explanation });
  });

  it('closes one, takes back what can be, and has a rule tried', async () => {
    const { id } = await raise();
    await detections('close', id, '--resolution', 'false_positive', '--note', 'ticket 1');
    expect(printed.at(-1)).toContain('false_positive');
    await detections('undo', id, '--reason', 'ticket 1');
    await detections('dry-run', 'D07');
    expect(printed.at(-1)).toBe('D07 is tried; postern detections rules tells what it found');
    expect(await api.detection.dryRuns.waiting()).toMatchObject([{ rule: 'D07' }]);
    printed.length = 0;
    await detections('rules');
    expect(printed.find((line) => line.startsWith('D07 '))).toContain('never tried');
  });

  it.each<readonly [string, readonly string[]]>([
    ['how it ended', ['close', 'det_1']],
    ['why it is taken back', ['undo', 'det_1']],
    ['what an entity is', ['list', '--entity', 'hdl_1']],
  ])('asks for %s before it asks anybody', async (_, args) => {
    await expect(detectionsAt('http://127.0.0.1:1', ...args)).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it.each<readonly [number, readonly string[]]>([
    [404, ['show', 'det_none']],
    [404, ['show', '../canaries']],
    [400, ['list', '--limit', '501']],
    [404, ['close', 'det_none', '--resolution', 'benign']],
    [400, ['dry-run', 'D99/../..']],
  ])('is refused with %i: %j', async (status, args) => {
    await expect(detections(...args)).rejects.toMatchObject({ name: 'PosternRefused', status });
    expect(printed).toEqual([]);
  });
});

describe('what an attacker wrote into a detection', () => {
  const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b2J\u202e\r\nforged line\u007f';

  it('cannot move the cursor or begin a line, in any of the ways in which it is shown', async () => {
    const entity = { type: 'source', id: `10.0.0.1${EVIL}` } as const;
    const { id } = await raise({ entity, explanation: `a user agent: ${EVIL}` });
    await detections('close', id, '--resolution', 'benign', '--note', EVIL);
    for (const json of [[], ['--json']]) {
      await detections('list', ...json);
      await detections('show', id, ...json);
    }
    await expect(detections('undo', id, '--reason', EVIL)).rejects.toThrow(/^[ -~]*$/);
    expect(printed.length).toBeGreaterThan(10);
    for (const line of [...printed, ...said.map((text) => text.trimEnd())]) {
      expect(line).toMatch(/^[ -~]*$/);
    }
    expect(printed.join('\n')).toContain('forged line');
  });
});

describe('what is no admin API', () => {
  const answers = async (body: string, ...args: readonly string[]): Promise<void> => {
    const server = createServer((_, response) => response.end(body));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    await detectionsAt(`http://127.0.0.1:${port}`, ...args).finally(() => {
      server.closeAllConnections();
      server.close();
    });
  };

  it.each<readonly [string, readonly string[]]>([
    ['list', ['list']],
    ['list as JSON', ['list', '--json']],
    ['show', ['show', 'det_1']],
    ['close', ['close', 'det_1', '--resolution', 'benign']],
    ['undo', ['undo', 'det_1', '--reason', 'r']],
    ['rules', ['rules']],
    ['dry-run', ['dry-run', 'D07']],
  ])('is not believed, and nothing of it is printed: %s', async (_, args) => {
    for (const body of ['<html>\u001b[2J</html>', '{}', '[]', 'null', '']) {
      await expect(answers(body, ...args)).rejects.toThrow('is this the admin API?');
    }
    expect(printed).toEqual([]);
  });
});
