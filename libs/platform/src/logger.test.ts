import { Secret } from '#kernel';
import * as fc from 'fast-check';
import { createLogger, type Logger } from './logger.js';
import { masked } from './masked.js';

const HANDLE = `pst_prod_${'a1B2'.repeat(12)}x`;
const JWT = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzZXR0bGVyIn0.${'s'.repeat(86)}`;

function logged(
  write: (log: Logger) => void,
  options: { level?: 'info' | 'debug'; format?: 'json' | 'readable' } = {},
): string {
  const lines: string[] = [];
  const log = createLogger({
    name: 'sts',
    level: 'info',
    ...options,
    write: (line) => void lines.push(line),
  });
  write(log);
  return lines.join('');
}

describe('a log line', () => {
  it('is one JSON object with time, level, name and message', () => {
    const line = logged((log) => log.info({ resource: 'ledger' }, 'it is so'));
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.+Z$/) as string,
      name: 'sts',
      resource: 'ledger',
      msg: 'it is so',
    });
  });

  it('is not written below the level', () => {
    expect(logged((log) => log.debug('not said'))).toBe('');
    expect(logged((log) => log.debug('said'), { level: 'debug' })).toContain('said');
  });

  it.each<[string, (log: Logger) => void]>([
    ['in the message', (log) => log.info(`got ${HANDLE} and ${JWT}`)],
    ['in a field', (log) => log.info({ presented: HANDLE, deep: { er: { still: JWT } } }, 'x')],
    ['in the name of a field', (log) => log.info({ [HANDLE]: 1, [JWT]: 2 }, 'x')],
    ['in an error', (log) => log.error({ err: new Error(`no: ${HANDLE} ${JWT}`) }, 'x')],
    ['after an escaped line end', (log) => log.info(`one\n${HANDLE}\n${JWT}`)],
    ['as a Secret', (log) => log.info({ secret: Secret.of(HANDLE), other: Secret.of(JWT) }, 'x')],
    ['in headers', (log) => log.info({ headers: { authorization: `Bearer ${HANDLE}` } }, 'x')],
  ])('holds neither a handle nor a JWT that somebody put %s', (_, write) => {
    for (const format of ['json', 'readable'] as const) {
      const line = logged(write, { format });
      expect(line).toContain('[redacted]');
      expect(line).not.toContain(HANDLE);
      expect(line).not.toContain(JWT.slice(0, 40));
    }
  });

  it.each([
    'authorization',
    'proxy-authorization',
    'cookie',
    'dpop',
    'password',
    'body',
    'headers',
    'rawHeaders',
    'subject_token',
  ])('does not hold what stands under %s', (field) => {
    const line = logged((log) =>
      log.info({ [field]: 'hunter2', one: { [field]: ['hunter2'], two: { [field]: 'hunter2' } } }),
    );
    expect(line).not.toContain('hunter2');
  });

  it('tells a request by method and path, without query, headers and body', () => {
    const req = { method: 'POST', url: '/oauth2/token?a=hunter2', headers: { x: 'hunter2' } };
    const line = logged((log) => log.info({ req, request: req }, 'asked'));
    expect(JSON.parse(line)).toMatchObject({ req: { method: 'POST', path: '/oauth2/token' } });
    expect(line).not.toContain('hunter2');
  });

  it('tells an error without its stack, and with it for debug', () => {
    const fail = (log: Logger): void => log.error({ err: new TypeError('no') }, 'failed');
    expect(JSON.parse(logged(fail))).toMatchObject({ err: { type: 'TypeError', message: 'no' } });
    expect(logged(fail)).not.toContain('logger.test');
    expect(logged(fail, { level: 'debug' })).toContain('logger.test');
  });

  it('is readable for a person at a terminal, and cannot move the cursor', () => {
    const line = logged((log) => log.warn({ path: '/a b', count: 2 }, 'odd \u001b[2J\u202e'), {
      format: 'readable',
    });
    expect(line).toMatch(/^\d\d:\d\d:\d\d warn {2}odd \\u001b\[2J\\u202e path="\/a b" count=2\n$/);
  });
});

describe('masking', () => {
  it('replaces handles, JWTs and userinfo wherever they stand', () => {
    expect(masked(`a ${HANDLE}.b`)).toBe('a [redacted].b');
    expect(masked(`x${JWT}"`)).toBe('x[redacted]"');
    const pair = Buffer.from(`anybody:${HANDLE}`).toString('base64');
    expect(masked(`authorization: Basic ${pair}`)).toBe('authorization: Basic [redacted]');
    expect(masked('postgres://postern:hunter2@db/x')).toBe('postgres://[redacted]@db/x');
  });

  it('leaves ids, digests and addresses alone', () => {
    const line = `hdl_${'a'.repeat(22)} fam_b sub_${'0'.repeat(32)} ${'f'.repeat(64)} https://db.example/x someone@example`;
    expect(masked(line)).toBe(line);
  });

  it('finds a handle in whatever surrounds it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(masked(`${before}${HANDLE}${after}`)).not.toContain(HANDLE);
      }),
    );
  });

  it('takes little time for a line that was made to take much', () => {
    const started = process.hrtime.bigint();
    for (const piece of ['eyJ', 'pst_a_', '://', 'eyJaaaaaaaa.']) masked(piece.repeat(20_000));
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(2_000);
  });
});
