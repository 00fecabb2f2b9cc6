export type JsonObject = Readonly<Record<string, unknown>>;

/** The object without the fields that are undefined, so that it equals what JSON makes of it. */
export const defined = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
