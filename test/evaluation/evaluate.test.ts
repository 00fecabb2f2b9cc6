import { readFileSync } from 'node:fs';
import path from 'node:path';
import { withFigures } from './evaluate.js';
import { isTuningSeed, readArguments } from './evaluation-arguments.js';
import { INLINE, STREAM } from './measured-rules.js';

const page = readFileSync(path.resolve('docs/detection-evaluation.md'), 'utf8');

describe('npm run evaluate:detection', () => {
  it('takes a seed and a volume, and refuses what is none', () => {
    expect(readArguments(['--seed', '7', '--events', '500'])).toMatchObject({
      ...{ seed: 7, events: 500, print: false },
    });
    expect(() => readArguments(['--seed', 'x'])).toThrow('x is no whole number');
    expect(() => readArguments(['--tune'])).toThrow('--tune');
  });

  it('measures with a seed that nothing was tuned with, unless it is told otherwise', () => {
    expect(isTuningSeed(readArguments([]).seed)).toBe(false);
    expect(isTuningSeed(7)).toBe(true);
  });

  it('writes the figures into the page and leaves the rest alone', () => {
    const [before, , after] = page.split(/<!-- figures: (?:begin|end) -->/);
    const written = withFigures(page, 'none');
    expect(written).toBe(
      `${before!}<!-- figures: begin -->\n\nnone\n\n<!-- figures: end -->${after!}`,
    );
    expect(() => withFigures('a page', 'none')).toThrow('no place');
  });

  it('has a row for each rule that there are attacks for', () => {
    for (const rule of [...INLINE, ...STREAM]) expect(page).toContain(`\n| ${rule}  |`);
  });
});
