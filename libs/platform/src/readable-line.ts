const SHOWN_APART = new Set(['time', 'level', 'name', 'msg']);

/**
 * From a JSON line to one that a person reads: `12:00:00 info  message  field=value`. What a caller put into it cannot
 * move the cursor or begin a line.
 */
export function readableLine(line: string): string {
  const record = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const { time, level, msg } = record;
  const fields = Object.entries(record)
    .filter(([name]) => !SHOWN_APART.has(name))
    .map(([name, value]) => `${name}=${shown(value)}`);
  const clock = typeof time === 'string' ? time.slice(11, 19) : '';
  const severity = (typeof level === 'string' ? level : '').padEnd(5);
  const message = typeof msg === 'string' ? msg : '';
  return `${printable([clock, severity, message, ...fields].join(' '))}\n`;
}

const shown = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);

const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
