import {
  type Document,
  isAlias,
  isScalar,
  parseDocument,
  visit,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import { type PolicyProblem } from './policy-problem.js';

/** What strict YAML gives: a plain value, or what is wrong. */
export type StrictYaml =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'problems'; readonly problems: readonly PolicyProblem[] };

/**
 * One YAML 1.2 document of maps, lists and scalars. Refused: a second document, duplicate keys, anchors and aliases,
 * tags, directives (`%YAML 1.1` changes what `yes` means), keys that are not text.
 */
export function parseStrictYaml(where: string, text: string): StrictYaml {
  const problem = (what: string): PolicyProblem => ({ where, path: '', what });
  const document = parseOrUndefined(text);
  if (document === undefined) return { kind: 'problems', problems: [problem('nested too deeply')] };
  const found = [
    ...[...document.errors, ...document.warnings].map(faultText),
    ...refusedConstructs(document),
  ];
  if (found.length > 0) return { kind: 'problems', problems: found.map(problem) };
  return { kind: 'value', value: document.toJS({ maxAliasCount: 0 }) };
}

function parseOrUndefined(text: string): Document.Parsed | undefined {
  try {
    return parseDocument(text, { uniqueKeys: true, strict: true, version: '1.2', merge: false });
  } catch (error) {
    // The parser recurses: thousands of open brackets exhaust the stack. Anything else is a fault of ours.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const faultText = ({ code, message }: YAMLParseError | YAMLWarning): string =>
  code === 'MULTIPLE_DOCS'
    ? 'holds more than one document: one grant a file'
    : (message.split('\n', 1)[0] ?? message).replace(/:$/, '');

function refusedConstructs(document: Document.Parsed): readonly string[] {
  const refused = new Set<string>();
  if (
    document.directives.yaml.explicit === true ||
    Object.keys(document.directives.tags).length > 1
  ) {
    refused.add('directives (%YAML, %TAG) are not accepted');
  }
  visit(document, {
    Node: (_index, node) => {
      if (isAlias(node) || node.anchor !== undefined) {
        refused.add('anchors and aliases are not accepted: write the value where it stands');
      }
      if (node.tag !== undefined) refused.add('tags (!!binary, !custom) are not accepted');
    },
    Pair: (_index, { key }) => {
      if (!isScalar(key) || typeof key.value !== 'string') refused.add('keys must be text');
    },
  });
  return [...refused];
}
