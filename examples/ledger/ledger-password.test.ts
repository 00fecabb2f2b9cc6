import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LedgerPassword } from './ledger-password.js';

const FIRST = 'the-first-password';
const SECOND = 'the-second-password';
const basic = (password: string): string =>
  `Basic ${Buffer.from(`ledger-svc:${password}`).toString('base64')}`;
const newFile = (): string => join(mkdtempSync(join(tmpdir(), 'postern-ledger-')), 'password');

describe('the password of the example ledger', () => {
  it('is changed by who knows it, and the old one is not taken from then on', () => {
    const password = LedgerPassword.open(FIRST, undefined)!;
    expect(password.change(FIRST, SECOND)).toBe(true);
    expect([FIRST, SECOND].map((one) => password.isIn(basic(one), 'ledger-svc'))).toEqual([
      false,
      true,
    ]);
  });

  it.each([
    ['the old one is another', SECOND, 'a-third-password'],
    ['the new one is short', FIRST, 'short'],
    ['the new one is no text', FIRST, undefined],
  ])('stays what it is when %s', (_, old, next) => {
    const password = LedgerPassword.open(FIRST, undefined)!;
    expect(password.change(old, next)).toBe(false);
    expect(password.isIn(basic(FIRST), 'ledger-svc')).toBe(true);
  });

  it('outlives a restart in its file, whatever it was at the first start', () => {
    const file = newFile();
    writeFileSync(file, FIRST);
    LedgerPassword.open('ignored-by-now', file)!.change(FIRST, SECOND);
    expect(readFileSync(file, 'utf8')).toBe(SECOND);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(LedgerPassword.open(FIRST, file)!.isIn(basic(SECOND), 'ledger-svc')).toBe(true);
  });

  it('is none without an initial one and a file', () => {
    expect(LedgerPassword.open(undefined, newFile())).toBeUndefined();
  });
});
