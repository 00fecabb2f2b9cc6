import { parse } from '@bufbuild/cel';
import { METERED_RANGE } from './condition-functions.js';
import { childrenOf, countNodes, type Expr } from './condition-syntax.js';

/**
 * Lets every comprehension pay, before it runs, for as many times its body as its list is long. Changes the tree in
 * place: the text has no way to write this.
 */
export function meterComprehensions(node: Expr): void {
  childrenOf(node).forEach(meterComprehensions);
  const { exprKind } = node;
  if (exprKind.case !== 'comprehensionExpr' || exprKind.value.iterRange === undefined) return;
  const range = exprKind.value.iterRange;
  const bodyNodes = countNodes(node) - countNodes(range);
  exprKind.value.iterRange = callOf(node.id, METERED_RANGE, [range, parse(String(bodyNodes)).expr]);
}

const callOf = (id: bigint, name: string, args: Expr[]): Expr => ({
  $typeName: 'cel.expr.Expr',
  id,
  exprKind: { case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: name, args } },
});
