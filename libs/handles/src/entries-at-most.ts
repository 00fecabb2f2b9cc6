/**
 * Options of an LRUCache that holds so many entries and no more: the one used the longest ago goes first. By `max` it would
 * lay out room for all of them when it is made, milliseconds and megabytes for each of its users.
 */
export const entriesAtMost = (
  entries: number,
): { readonly maxSize: number; readonly sizeCalculation: () => number } => ({
  maxSize: entries,
  sizeCalculation: () => 1,
});
