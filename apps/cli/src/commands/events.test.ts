import { Command } from 'commander';
import { TOPICS } from '#events';
import { addEvents, tailSettings } from './events.js';

const postern = (...args: readonly string[]): Promise<unknown> => {
  const program = new Command('postern').exitOverride();
  addEvents(program);
  return program.parseAsync(['node', 'postern', 'events', 'tail', ...args]);
};

describe('postern events tail', () => {
  it.each([
    ['--severity', 'loud'],
    ['--since', 'yesterday'],
    ['--topic', 'command'],
    ['--format', 'xml'],
    ['--from', 'middle'],
    ['--limit', '0'],
    ['--limit', 'ten'],
    ['--limit', '-1'],
  ])('tells that %s %s is wrong, before it asks any server', async (name, value) => {
    await expect(postern(`${name}=${value}`)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(name) as string,
    });
  });

  it('has no two formats at once', async () => {
    await expect(postern('--json', '--format', 'ocsf')).rejects.toMatchObject({ code: 'usage' });
    expect(() => tailSettings({ json: true, format: 'json' })).not.toThrow();
  });

  it('begins with what happens from now on, and with the past when it is asked for it', () => {
    expect(tailSettings({}).from).toBe('latest');
    expect(tailSettings({ since: '1h' }).from).toBe('earliest');
    expect(tailSettings({ since: '1h', from: 'latest' }).from).toBe('latest');
  });

  it('reads the topics that are named', () => {
    expect(tailSettings({ topic: ['handle', 'call'] }).topics).toEqual([
      TOPICS.handle,
      TOPICS.call,
    ]);
  });

  it('has no limit unless it is given one', () => {
    expect([tailSettings({}).limit, tailSettings({ limit: '12' }).limit]).toEqual([Infinity, 12]);
  });
});
