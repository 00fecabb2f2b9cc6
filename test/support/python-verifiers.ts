import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

const PYTHON = '/usr/bin/python3';
const SCRIPTS = 'test/support/clients';

/** The suites run them; these only tell that they can. */
export const findBotocore = (): Record<string, string> =>
  found('botocore', { POSTERN_TEST_BOTOCORE: PYTHON });

export const findZeep = (): Record<string, string> => found('zeep', { POSTERN_TEST_ZEEP: PYTHON });

export const findCryptography = (): Record<string, string> =>
  found('cryptography', { POSTERN_TEST_CRYPTOGRAPHY: PYTHON });

function found(name: string, environment: Record<string, string>): Record<string, string> {
  const { status } = spawnSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' });
  process.stderr.write(
    status === 0
      ? `${name}: ${PYTHON}\n`
      : `${name}: none (${PYTHON} finds none; apt-get install python3-${name})\n`,
  );
  return status === 0 ? environment : {};
}

/** Asks botocore for the signatures of requests as they arrived: for each what is wrong, or null. */
export const verifyWithBotocore = (orders: {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
  readonly arrived: readonly {
    readonly method: string;
    readonly url: string;
    readonly rawHeaders: readonly string[];
    /** In base64. */
    readonly body: string;
  }[];
}): Promise<readonly (string | null)[]> => run('botocore_verify.py', orders);

/** Asks zeep for the UsernameToken of messages (in base64) as they arrived: for each what is wrong, or null. */
export const verifyWithZeep = (orders: {
  readonly username: string;
  readonly password: string;
  readonly type: 'text' | 'digest';
  readonly mustUnderstand: boolean;
  readonly arrived: readonly string[];
}): Promise<readonly (string | null)[]> => run('zeep_verify.py', orders);

/** Proves an export with nothing of ours: what is wrong with it, or null. */
export const verifyWithPython = (orders: {
  readonly publicKey: string;
  readonly lines: readonly string[];
}): Promise<readonly (string | null)[]> => run('audit_verify.py', orders);

async function run(script: string, orders: unknown): Promise<readonly (string | null)[]> {
  const child = spawn(PYTHON, [`${SCRIPTS}/${script}`], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(orders));
  const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (output === '') throw new Error(`${script} failed: ${problems}`);
  return JSON.parse(output) as readonly (string | null)[];
}
