import { DependencyUnavailable } from '#kernel';
import { type Canary, mintCanary } from './canary.js';
import { LiveCanaries } from './canary-store.js';
import { PlantedCanaries } from './planted-canaries.js';

class Live extends LiveCanaries {
  canaries: Pick<Canary, 'id' | 'digest'>[] = [];
  isAway = false;

  override async live(): Promise<readonly Pick<Canary, 'id' | 'digest'>[]> {
    if (this.isAway) throw new DependencyUnavailable('PostgreSQL', 'it is told to be away');
    return this.canaries;
  }
}

describe('planted canaries in memory', () => {
  const [one, other] = [mintCanary('handle', 'dev'), mintCanary('credential', 'dev')];
  let live: Live;
  let planted: PlantedCanaries;
  beforeEach(() => {
    live = new Live();
    planted = new PlantedCanaries(live);
  });
  const among = (...texts: string[]): string | undefined => planted.among(() => texts);

  it('look at nothing while none is planted', () => {
    const looked = (): readonly string[] => {
      throw new Error('it was looked at');
    };
    expect(planted.among(looked)).toBeUndefined();
  });

  it('find the first among what was presented, once they were asked for', async () => {
    live.canaries = [one, other];
    expect(among(one.plaintext)).toBeUndefined();
    await planted.refresh();
    expect(among('any', other.plaintext, one.plaintext)).toBe(other.id);
    expect(among('any')).toBeUndefined();
  });

  it('forget one that has ended, and nothing while it is not known which are live', async () => {
    live.canaries = [one, other];
    await planted.refresh();
    live.isAway = true;
    await expect(planted.refresh()).rejects.toThrow(DependencyUnavailable);
    expect(among(one.plaintext)).toBe(one.id);
    live.isAway = false;
    live.canaries = [other];
    await planted.refresh();
    expect(among(one.plaintext)).toBeUndefined();
  });
});
