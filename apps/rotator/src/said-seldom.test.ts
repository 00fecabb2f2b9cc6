import { SaidSeldom } from './said-seldom.js';

describe('a message that comes again and again', () => {
  it('is said at once, and then once a minute', () => {
    let nowMs = 0;
    const said = new SaidSeldom(() => nowMs);
    expect([said.isDue('sealed'), said.isDue('sealed')]).toEqual([true, false]);
    nowMs = 59_999;
    expect(said.isDue('sealed')).toBe(false);
    nowMs = 60_000;
    expect([said.isDue('sealed'), said.isDue('sealed')]).toEqual([true, false]);
  });

  it('keeps no other from being said, however many there are', () => {
    const said = new SaidSeldom(() => 0);
    said.isDue('the first');
    for (let one = 0; one < 1_000; one += 1) expect(said.isDue(`another ${one}`)).toBe(true);
    expect(said.isDue('the first')).toBe(true); // Forgotten: memory has a limit.
  });
});
