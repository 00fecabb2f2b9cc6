/** Printable ASCII; everything else is escaped: what others wrote cannot move the cursor or begin a line. */
export const shown = (text: string): string =>
  text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
