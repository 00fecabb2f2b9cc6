// Finds the tests that carry ids in their names, without running them: it reads the calls of it, test and describe, their
// .each tables, and loops around them. A test carries its own ids, those of its row and those of each describe around it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ID, idsIn } from './ids.mjs';

const FOLDERS = ['apps', 'libs', 'test'];
const TEST_FILE = /\.(?:test|contract)\.ts$/;
const NOT_RUN = new Set(['skip', 'todo']);
const PLACEHOLDER = /[%$]/;

/**
 * @returns {{ file: string, line: number, ids: string[] }[]} one entry for each test that carries an id; a row of a
 *   table is a test. Files are named from the root, with slashes.
 */
export function findTests(root) {
  return testFiles(root).flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    return testsIn(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  });
}

function testFiles(root) {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
      .filter((file) => TEST_FILE.test(file) && !file.includes('/node_modules/')),
  ).sort();
}

function testsIn(source) {
  const constants = constantsOf(source);
  const found = [];
  /** `paths` has the ids of each row that leads here: a table around a describe runs what is in it once a row. */
  const visit = (node, paths) => {
    const call = ts.isCallExpression(node) ? testCall(node) : undefined;
    if (call === undefined) {
      const inside = ts.isForOfStatement(node)
        ? across(paths, rowsOf(node.expression, constants))
        : paths;
      ts.forEachChild(node, (child) => visit(child, inside));
      return;
    }
    if (call.skipped) return;
    const name = textOf(call.name);
    const rows = call.table === undefined ? [[]] : rowsOf(call.table, constants);
    const named = PLACEHOLDER.test(name) ? rows : rows.map(() => []);
    const inside = across(across(paths, [idsIn(name)]), named);
    if (call.kind === 'describe') {
      for (const argument of node.arguments.slice(1)) visit(argument, inside);
      return;
    }
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    const tests = inside.map((ids) => ({ file: source.fileName, line: line + 1, ids }));
    found.push(...tests.filter(({ ids }) => ids.length > 0));
  };
  visit(source, [[]]);
  return found;
}

const across = (paths, rows) =>
  paths.flatMap((path) => rows.map((row) => [...new Set([...path, ...row])]));

/** What a call of it, test or describe is, with `.each(table)`, `.skip` and so on; undefined for other calls. */
function testCall({ expression, arguments: [name] }) {
  let [callee, table, skipped] = [expression, undefined, false];
  if (ts.isCallExpression(callee) && isEach(callee.expression)) {
    [table] = callee.arguments;
    callee = callee.expression.expression;
  }
  while (ts.isPropertyAccessExpression(callee)) {
    skipped ||= NOT_RUN.has(callee.name.text);
    callee = callee.expression;
  }
  if (name === undefined || !ts.isIdentifier(callee)) return undefined;
  const kind = kindOf(callee.text);
  return kind === undefined ? undefined : { kind, name, table, skipped };
}

const isEach = (node) => ts.isPropertyAccessExpression(node) && node.name.text === 'each';

/** describeWithServer and its like are describes as well. */
function kindOf(callee) {
  if (callee === 'it' || callee === 'test') return 'test';
  return callee.startsWith('describe') ? 'describe' : undefined;
}

/** The text of a name, as far as it stands there. */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return [node.head, ...node.templateSpans.map(({ literal }) => literal)]
      .map(({ text }) => text)
      .join('$');
  }
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right);
  return '$';
}

function constantsOf(source) {
  const constants = new Map();
  const visit = (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      constants.set(node.name.text, node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return constants;
}

/** The ids of each row of a table. A table that cannot be read counts as one row without ids. */
function rowsOf(table, constants) {
  const node = resolved(table, constants);
  if (ts.isArrayLiteralExpression(node)) {
    return node.elements.flatMap((element) =>
      ts.isSpreadElement(element)
        ? rowsOf(element.expression, constants)
        : [rowIds(resolved(element, constants))],
    );
  }
  const entries = entriesOf(node, constants);
  return entries === undefined ? [[]] : entries.map(({ name }) => idsIn(name?.text ?? ''));
}

function resolved(node, constants) {
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    return resolved(node.expression, constants);
  }
  if (ts.isParenthesizedExpression(node)) return resolved(node.expression, constants);
  const constant = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
  return constant === undefined ? node : resolved(constant, new Map());
}

/** The properties of x in Object.entries(x). */
function entriesOf(node, constants) {
  if (!ts.isCallExpression(node) || node.expression.getText() !== 'Object.entries')
    return undefined;
  const object = resolved(node.arguments[0], constants);
  return ts.isObjectLiteralExpression(object) ? object.properties : undefined;
}

/** Of a row only the texts that begin with an id count: another may hold one by chance. */
function rowIds(row) {
  const texts = ts.isArrayLiteralExpression(row)
    ? row.elements
    : ts.isObjectLiteralExpression(row)
      ? row.properties.map(({ initializer }) => initializer).filter((value) => value !== undefined)
      : [row];
  return texts
    .filter((node) => ts.isStringLiteralLike(node) && ID.test(node.text.slice(0, 4)))
    .flatMap(({ text }) => idsIn(text));
}
