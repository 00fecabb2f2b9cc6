import { CelScalar, type CelType, listType } from '@bufbuild/cel';
import { CONDITION_FIELDS } from './condition-input.js';

const { DYN } = CelScalar;

export const isDyn = (type: CelType): boolean => type.name === DYN.name;

/** Whether a value of the one type can equal one of the other. Nothing is known of dyn, so it can equal anything. */
export function comparable(one: CelType, other: CelType): boolean {
  if (isDyn(one) || isDyn(other)) return true;
  if (one.kind === 'list' && other.kind === 'list') return comparable(one.element, other.element);
  if (one.kind === 'map' && other.kind === 'map') {
    return comparable(one.key, other.key) && comparable(one.value, other.value);
  }
  return sameName(one, other);
}

/** Whether a function that wants the one type takes a value of the other: it looks at no elements. */
export const takes = (wanted: CelType, given: CelType): boolean =>
  isDyn(wanted) || isDyn(given) || sameName(wanted, given);

const sameName = (one: CelType, other: CelType): boolean =>
  one.kind === other.kind && one.name === other.name;

/** The type of a value that has one of these types; dyn when they differ. */
export function joined(types: readonly CelType[]): CelType {
  const [first, ...rest] = types;
  if (first === undefined) return DYN;
  if (rest.every((type) => typeText(type) === typeText(first))) return first;
  const lists = types.every((type) => type.kind === 'list');
  return lists ? listType(DYN) : DYN;
}

/** As a reader of a grant knows it. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeText(type.element)})`;
    case 'map':
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case 'object':
      return type.name.replace('google.protobuf.', '').toLowerCase();
    case 'scalar':
      return type.name;
  }
}

/** What can be iterated: the elements of a list, the keys of a map. Undefined when nothing can. */
export function elementType(type: CelType): CelType | undefined {
  if (isDyn(type)) return DYN;
  if (type.kind === 'list') return type.element;
  return type.kind === 'map' ? type.key : undefined;
}

/** The type of a member by name; undefined when there can be none of that name. */
export function memberType(type: CelType, name: string): CelType | undefined {
  if (isDyn(type)) return DYN;
  if (type.kind === 'map') return type.value;
  return type.kind === 'object' ? CONDITION_FIELDS.get(type.name)?.get(name) : undefined;
}
