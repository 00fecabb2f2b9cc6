/** Whether a header has this name, which is given in lower case; a call asks it often, and most names differ in length. */
export const isNamed = (header: string | undefined, name: string): boolean =>
  header?.length === name.length && header.toLowerCase() === name;

/** The values of a header, by its name in lower case, in a list of name, value, name, value ... */
export function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (isNamed(headers[index], name)) values.push(headers[index + 1] ?? '');
  }
  return values;
}

/** The same of headers as they were received. */
export const receivedValuesOf = (rawHeaders: readonly Buffer[], name: string): string[] =>
  valuesOf(
    rawHeaders.map((bytes) => bytes.toString('latin1')),
    name,
  );

export function withoutHeaders(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}
