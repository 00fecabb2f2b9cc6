import { defaultTreeAdapter, type DefaultTreeAdapterTypes, parse } from 'parse5';
import { SessionNotOpened } from './session-opener.js';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

const FIELDS_MAX = 50;
/** A parser puts forms into forms where their tags overlap: each is looked through. */
const FORMS_MAX = 100;
const VALUE_CHARACTERS_MAX = 8192;
/** More than a page of 256 KiB can write; a parser of HTML makes others by itself, for each of one kind all of another. */
const ELEMENTS_MAX = 100_000;

/**
 * The hidden fields of the form of a page that has a field of the given name; those of the first form when none has.
 * Fields above the limits are left out.
 * @throws SessionNotOpened for a page that becomes more elements than a page of 256 KiB can write
 */
export function hiddenFields(html: string, named: string): readonly (readonly [string, string])[] {
  const forms = elements(parsed(html))
    .filter(({ tagName }) => tagName === 'form')
    .slice(0, FORMS_MAX);
  const form = forms.find((one) => inputs(one).some((input) => of(input, 'name') === named));
  const chosen = form ?? forms[0];
  if (chosen === undefined) return [];
  return inputs(chosen)
    .filter((input) => of(input, 'type')?.toLowerCase() === 'hidden')
    .map((input) => [of(input, 'name') ?? '', of(input, 'value') ?? ''] as const)
    .filter(([name, value]) => name !== '' && name.length + value.length <= VALUE_CHARACTERS_MAX)
    .slice(0, FIELDS_MAX);
}

function parsed(html: string): Node {
  let made = 0;
  const createElement: typeof defaultTreeAdapter.createElement = (...element) => {
    made += 1;
    if (made > ELEMENTS_MAX) throw new SessionNotOpened('the page of the login is too complex');
    return defaultTreeAdapter.createElement(...element);
  };
  return parse(html, { treeAdapter: { ...defaultTreeAdapter, createElement } });
}

const inputs = (form: Element): readonly Element[] =>
  elements(form).filter(({ tagName }) => tagName === 'input');

const of = ({ attrs }: Element, attribute: string): string | undefined =>
  attrs.find(({ name }) => name === attribute)?.value;

/** All below a node, in the order of the page. Without recursion: pages may nest deeper than the stack. */
function elements(root: Node): readonly Element[] {
  const found: Element[] = [];
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if ('tagName' in node && node !== root) found.push(node);
    if ('childNodes' in node) open.push(...[...node.childNodes].reverse());
  }
  return found;
}
