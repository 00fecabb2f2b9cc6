import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { TestCertificate } from '#testing';
import { until } from '../support/until.js';

const PLATFORM = pathToFileURL(resolve('dist/libs/platform/src/index.js')).href;
const APP = `
import { AdminModule, runApp, startHttpHost } from ${JSON.stringify(PLATFORM)};
await runApp('sts', async ({ config, health, metrics, certificates }) => {
  const host = await startHttpHost({
    module: AdminModule.register(health, metrics),
    listen: { ...config.listen.admin, port: 0 },
    certificate: certificates.of('admin'),
  });
  return { serves: 'port ' + host.address.port, stop: (deadlineMs) => host.close(deadlineMs) };
});`;

describe('SIGHUP to a process whose listener has tls', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-hang-up-'));
  let child: ChildProcess | undefined;
  let output = '';
  afterAll(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const write = (certificate: TestCertificate): void => {
    writeFileSync(join(folder, 'server.pem'), certificate.pem);
    writeFileSync(join(folder, 'server.key'), certificate.keyPem);
  };
  const serve = (): ChildProcess => {
    writeFileSync(join(folder, 'app.mjs'), APP);
    const config = readFileSync('examples/postern.yaml', 'utf8').replace(
      /^( *)admin: \{ host: (?<host>[^,]+), port: (?<port>\d+) \}$/m,
      `$1admin: { host: $<host>, port: $<port>, tls: { certificateFile: '${folder}/server.pem', keyFile: '${folder}/server.key' } }`,
    );
    expect(config).toContain(`${folder}/server.pem`);
    writeFileSync(join(folder, 'postern.yaml'), config);
    const started = spawn(process.execPath, [join(folder, 'app.mjs')], {
      cwd: resolve('examples'),
      env: { PATH: process.env['PATH'], POSTERN_CONFIG: join(folder, 'postern.yaml') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (bytes: Buffer): void => void (output += bytes.toString());
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    return started;
  };
  const served = async (): Promise<string> => {
    const port = Number(/ready on port (\d+)/.exec(output)?.[1]);
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { raw } = socket.getPeerCertificate();
    socket.destroy();
    return Buffer.from(raw).toString('base64');
  };

  it('reads its certificate anew and goes on; SIGTERM ends it', async () => {
    const first = await TestCertificate.selfSigned({ authority: false });
    const second = await TestCertificate.selfSigned({ authority: false });
    write(first);
    child = serve();
    await until(`ready: ${output}`, () => output.includes('ready on port'), 30_000);
    expect(await served()).toBe(first.der.toString('base64'));
    write(second);
    child.kill('SIGHUP');
    await until(
      'the new one is served',
      async () => {
        return (await served()) === second.der.toString('base64');
      },
      4_000,
    ); // Sooner than the next look at the files.
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
