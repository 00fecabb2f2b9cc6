import {
  type Document,
  isAlias,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import { ConfigError, type ConfigProblem } from './config-error.js';

const PROBLEMS_MAX = 20;
const TOO_DEEP = 'is nested too deeply';

/**
 * One YAML 1.2 document of mappings, lists and scalars. Refused: what is no YAML, a second document, keys that stand
 * twice, anchors and aliases, tags, directives (`%YAML 1.1` changes what `yes` means), keys that are not text.
 * @throws ConfigError with line and column of each
 */
export function parseConfigYaml(where: string, text: string): unknown {
  try {
    return parse(where, text);
  } catch (error) {
    // The parser recurses: thousands of open brackets exhaust the stack. Anything else is a fault of ours.
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError([{ where, path: '', what: TOO_DEEP }]);
  }
}

function parse(where: string, text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    uniqueKeys: true,
    version: '1.2',
    merge: false,
    lineCounter,
  });
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const problems: ConfigProblem[] = [
    ...[...document.errors, ...document.warnings].map((fault) => ({
      where,
      path: at(fault.pos[0]),
      what: faultText(fault),
    })),
    ...refusedConstructs(document).map(({ offset, what }) => ({ where, path: at(offset), what })),
  ];
  if (problems.length > 0) throw new ConfigError(problems.slice(0, PROBLEMS_MAX));
  return document.toJS({ maxAliasCount: 0 });
}

/** Without the excerpt that the parser appends. */
function faultText({ code, message }: YAMLParseError | YAMLWarning): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins: expected one';
  if (code === 'RESOURCE_EXHAUSTION') return TOO_DEEP;
  return (message.split('\n', 1)[0] ?? message).replace(/ at line \d+, column \d+:?$/, '');
}

function refusedConstructs(
  document: Document.Parsed,
): readonly { readonly offset: number; readonly what: string }[] {
  const refused: { offset: number; what: string }[] = [];
  const refuse = (node: { range?: readonly number[] | null | undefined }, what: string): void => {
    refused.push({ offset: node.range?.[0] ?? 0, what });
  };
  if (document.directives.yaml.explicit === true) {
    refuse(document, 'directives (%YAML) are not accepted: take the line out');
  }
  visit(document, {
    Node: (_index, node) => {
      if (isAlias(node) || node.anchor !== undefined) {
        refuse(node, 'anchors and aliases are not accepted: write the value where it stands');
      }
      if (node.tag !== undefined) refuse(node, 'tags (!!binary, !custom) are not accepted');
    },
    Pair: (_index, { key }) => {
      if (!isScalar(key)) refuse(document, 'keys must be text');
      else if (typeof key.value !== 'string') refuse(key, 'keys must be text: put it into quotes');
      // An object's prototype is not a setting; a schema would leave it out without a word.
      else if (key.value === '__proto__') refuse(key, '__proto__ cannot be a key');
    },
  });
  return refused;
}
