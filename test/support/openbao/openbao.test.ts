import { describeWithServer, OpenBaoAdmin, startOpenBao, stopOpenBao } from '#test-support';

describeWithServer('the OpenBao of the tests', 'openbao', () => {
  const { VAULT_ADDR, VAULT_TOKEN } = process.env;
  const restore = (name: string, value: string | undefined): void => {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  };
  beforeEach(() => {
    restore('VAULT_ADDR', undefined);
    restore('VAULT_TOKEN', undefined);
  });
  afterEach(() => {
    restore('VAULT_ADDR', VAULT_ADDR);
    restore('VAULT_TOKEN', VAULT_TOKEN);
  });

  it('answers while it runs, and not once it is stopped', async () => {
    const { POSTERN_TEST_OPENBAO_ADDR: address = '', POSTERN_TEST_OPENBAO_TOKEN: rootToken = '' } =
      await startOpenBao();
    const admin = new OpenBaoAdmin(address, rootToken);
    expect((await admin.ask('GET', 'auth/token/lookup-self')).status).toBe(200);
    await stopOpenBao();
    await expect(admin.ask('GET', 'sys/health')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('is the server of VAULT_ADDR when that is set', async () => {
    process.env['VAULT_ADDR'] = 'http://127.0.0.1:8200';
    process.env['VAULT_TOKEN'] = 'root';
    expect(await startOpenBao()).toEqual({
      POSTERN_TEST_OPENBAO_ADDR: 'http://127.0.0.1:8200',
      POSTERN_TEST_OPENBAO_TOKEN: 'root',
    });
  });
});
