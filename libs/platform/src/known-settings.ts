import { configJsonSchema } from './config-json-schema.js';

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly required?: readonly string[];
}

/** The names of the settings that postern.yaml knows at a path, given what is written around it. */
export function knownSettings(written: unknown, path: readonly PropertyKey[]): readonly string[] {
  let node: SchemaNode = configJsonSchema();
  let value = written;
  for (const step of path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
    node = fitting(below(node, step), value);
  }
  return Object.keys(node.properties ?? {});
}

function below(node: SchemaNode, step: PropertyKey): SchemaNode {
  if (typeof step === 'number') return node.items ?? {};
  const named = node.properties?.[String(step)] ?? node.additionalProperties;
  return typeof named === 'object' ? named : {};
}

/**
 * Of alternatives the one that is meant: its constants are those that are written, such as `as: basic`, and what it
 * cannot do without is there, such as `jwksUri`.
 */
function fitting(node: SchemaNode, value: unknown): SchemaNode {
  const alternatives = node.oneOf ?? node.anyOf;
  if (alternatives === undefined) return node;
  const written = mapping(value);
  const sameConstants = ({ properties = {} }: SchemaNode): boolean =>
    Object.entries(properties).every(
      ([name, property]) => property.const === undefined || property.const === written[name],
    );
  const complete = ({ required = [] }: SchemaNode): boolean =>
    required.every((name) => Object.hasOwn(written, name));
  const candidates = alternatives.filter(sameConstants);
  return candidates.find(complete) ?? candidates[0] ?? node;
}

const mapping = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
