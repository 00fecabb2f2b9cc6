import { STREAMED_RULES } from '#detection';
import { STREAM_RULES } from './index.js';

const ENTITIES = ['subject', 'handle', 'family', 'grant', 'resource', 'source', 'shard'];
/** What stands in a text between quotes before `as entity_type`, also by way of a `case`. */
const entitiesOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:case[^,]*?end|'[a-z]+')\s+as\s+entity_type/g)].flatMap(([column]) =>
    [...column.matchAll(/'([a-z]+)'/g)]
      .map((quoted) => quoted[1]!)
      .filter((word) => ENTITIES.includes(word)),
  );

describe('the rules that a stream processor may compute', () => {
  it('are those that there is a text of', () => {
    expect([...STREAMED_RULES.keys()]).toEqual(STREAM_RULES.map(({ id }) => id));
  });

  it.each(STREAM_RULES.map(({ id, text }) => [id, text] as const))(
    '%s is about what its text is about',
    (id, text) => {
      expect([...new Set(entitiesOf(text))].sort()).toEqual([...STREAMED_RULES.get(id)!].sort());
    },
  );
});
