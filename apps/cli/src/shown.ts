/** Printable ASCII; everything else is escaped: what others wrote cannot move the cursor or begin a line. */
export const shown = (text: string): string =>
  text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** The same of what may be as long as it likes: its first characters. */
export const shownShort = (text: string, charactersMax = 200): string =>
  text.length <= charactersMax ? shown(text) : `${shown(text.slice(0, charactersMax))}...`;

/**
 * One line of JSON in printable ASCII, which reads back as the same value: JSON.stringify leaves DEL, the C1 controls, by
 * which an 8-bit terminal is steered, and bidirectional marks as they are.
 */
export const shownJson = (value: unknown): string => shown(JSON.stringify(value ?? null));
