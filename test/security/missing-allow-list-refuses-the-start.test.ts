import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formBody } from '#testing';
import { parse, stringify } from 'yaml';
import { grantSettings, makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';
import { endOfStart } from '../support/start-end.js';
import { until } from '../support/until.js';

const CONFIG = 78;
const DESTINATION = 'http://127.0.0.1:1/api';
/** Nothing listens there: a process that came so far would say so, with another code. */
const NOBODY = 'postgres://u:p@127.0.0.1:1/postern';

/**
 * octo-sts: a list that is not there permits everything. The processes, as an operator runs them: without a list of who
 * may do what they do not start, and they end before they look for their database or listen.
 */
describe('without a list of who may do what', () => {
  let folder: PosternFolder;
  beforeEach(async () => {
    folder = await makePosternFolder({ destination: DESTINATION });
  });
  afterEach(() => rmSync(folder.folder, { recursive: true }));

  const set = (name: string, value: unknown): void => {
    const config = parse(readFileSync(folder.configFile, 'utf8')) as Record<string, unknown>;
    if (value === undefined) Reflect.deleteProperty(config, name);
    else config[name] = value;
    writeFileSync(folder.configFile, stringify(config));
  };
  const grantsFolder = (): string => join(folder.folder, 'grants');

  it.each<[string, () => void, RegExp]>([
    [
      'the folder of grants is missing',
      () => rmSync(grantsFolder(), { recursive: true }),
      /ENOENT/,
    ],
    ['no folder of grants is set', () => set('grants', undefined), /grants/],
    ['the folder of grants is set to nothing', () => set('grants', ''), /grants/],
    ['the folder of grants is set to null', () => set('grants', null), /grants/],
    [
      'a grant cannot be read',
      () => symlinkSync('/nowhere', join(grantsFolder(), 'b.yaml')),
      /b\.yaml/,
    ],
    ['a grant is empty', () => writeFileSync(join(grantsFolder(), 'b.yaml'), ''), /b\.yaml/],
    ['no issuer is set', () => set('issuers', undefined), /issuers/],
    ['the list of issuers is empty', () => set('issuers', []), /issuers/],
    ['the keys of an issuer are missing', () => rmSync(join(folder.folder, 'jwks.json')), /jwks/],
    [
      'the keys of an issuer are none',
      () => writeFileSync(join(folder.folder, 'jwks.json'), '{"keys":[]}'),
      /jwks/,
    ],
    ['no resource is set', () => set('resources', undefined), /resources/],
  ])('J-25, P-03: the token service does not start when %s', async (_, remove, told) => {
    remove();
    const environment = { POSTERN_CONFIG: folder.configFile, DATABASE_URL: NOBODY };
    const { code, stdout, stderr } = await endOfStart('sts', environment);
    expect([code, stdout]).toEqual([CONFIG, '']);
    expect(stderr).toMatch(told);
  });
});

describe('a running process', () => {
  let postern: Standalone;
  beforeAll(async () => {
    postern = await makeStandalone({
      destination: DESTINATION,
      username: 'ledger-svc',
      password: 'hunter2',
    });
    rmSync(join(postern.folder, 'grants'), { recursive: true });
    mkdirSync(join(postern.folder, 'grants'));
    await postern.start();
  }, 180_000);
  afterAll(async () => {
    await postern.process.stop();
    rmSync(postern.folder, { recursive: true, force: true });
  });

  const exchangeOf = async (subject: string): Promise<number> => {
    const response = await fetch(`${postern.publicOrigin}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: formBody({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: await postern.issuer.mint(subject),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        audience: 'ledger',
        scope: 'ledger.read',
      }),
    });
    return response.status;
  };
  const isReady = async (): Promise<boolean> =>
    (await fetch(`${postern.adminOrigin}/readyz`)).status === 200;

  it('P-03: permits nothing from an empty folder, what is put there, and no more when the folder vanishes', async () => {
    expect(await exchangeOf('settler')).toBe(400);
    postern.writeGrant(grantSettings('settler-ledger', 'settler', 'ledger', ['ledger.read']));
    await until('the grant is in force', async () => (await exchangeOf('settler')) === 200);
    expect(await exchangeOf('operator')).toBe(400);
    rmSync(join(postern.folder, 'grants'), { recursive: true });
    await until('the folder is missed', () => postern.process.output.includes('ENOENT'));
    expect(await exchangeOf('operator')).toBe(400);
    expect(await exchangeOf('nobody')).toBe(400);
    mkdirSync(join(postern.folder, 'grants'));
    await until('the empty folder is in force', async () => (await exchangeOf('settler')) === 400);
    await until('it is ready again', isReady);
  }, 60_000);
});
