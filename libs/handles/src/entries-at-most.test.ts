import { LRUCache } from 'lru-cache';
import { entriesAtMost } from './entries-at-most.js';

describe('a memory of so many entries at most', () => {
  it('forgets the one used the longest ago when another one comes', () => {
    const memory = new LRUCache<string, true>(entriesAtMost(2));
    for (const key of ['one', 'two']) memory.set(key, true);
    memory.get('one');
    memory.set('three', true);
    expect([...memory.keys()].sort()).toEqual(['one', 'three']);
  });
});
