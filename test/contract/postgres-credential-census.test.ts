import { PostgresCredentialCensus, PostgresDatabase } from '#adapters/postgres';
import { DependencyUnavailable } from '#kernel';
import { adopted, aReport } from '#testing';
import { describeWithServer } from '#test-support';
import { StallingProxy } from '../support/stalling-proxy.js';
import { proxyEvents, RotationFixture } from './rotation-fixture.js';

describeWithServer('a census whose connection went silent', 'postgres-18', () => {
  let fixture: RotationFixture;
  let line: StallingProxy;
  let database: PostgresDatabase;

  beforeAll(async () => {
    fixture = await RotationFixture.open(18);
    line = await StallingProxy.start();
    const url = new URL(await fixture.server.urlAs('postern_proxy'));
    line.leadTo(Number(url.port));
    Object.assign(url, { hostname: '127.0.0.1', port: String(line.port) });
    database = await PostgresDatabase.connect({ url: url.href, applicationName: 'silent' });
  });
  afterAll(async () => {
    line.goOn('cut');
    await database.close();
    await line.close();
    await fixture.close();
  });

  it('is asked over another one before calls have waited for long', async () => {
    await adopted(await fixture.stores());
    const census = new PostgresCredentialCensus(database, proxyEvents);
    expect(await census.report(aReport('one'))).toHaveLength(1);
    line.stall();
    const begun = performance.now();
    const lost = census.report(aReport('one')).catch((error: unknown) => error);
    expect(await lost).toBeInstanceOf(DependencyUnavailable);
    line.goOn('silent');
    expect(await census.report(aReport('one'))).toMatchObject([{ serial: 1, gate: 'open' }]);
    expect(performance.now() - begun).toBeLessThan(6_000);
  });
});
