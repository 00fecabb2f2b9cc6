/** A mapping of postern.yaml as it is written, before anything is known of it. */
export type Written = Readonly<Record<string, unknown>>;
export type Report = (path: readonly PropertyKey[], what: string) => void;

/** An empty mapping for what is none. */
export const mapping = (value: unknown): Written =>
  typeof value === 'object' && value !== null ? (value as Written) : {};

/** The entries of a list, each with its place; none of what is no list. */
export function entries(config: Written, list: string): readonly (readonly [number, Written])[] {
  const value = config[list];
  if (!Array.isArray(value)) return [];
  return value.map((entry, index) => [index, mapping(entry)] as const);
}
