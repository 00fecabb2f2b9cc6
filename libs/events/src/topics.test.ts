import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { CATALOGUE, type EventType, TOPIC_LAYOUTS, topicOf, TOPICS } from '#events';

interface TopicsFile {
  readonly topics: readonly {
    readonly name: string;
    readonly key: string;
    readonly partitions: number;
    readonly config: Readonly<Record<string, string | number>>;
  }[];
}

const file = parse(readFileSync(path.resolve('deploy/kafka/topics.yaml'), 'utf8')) as TopicsFile;

describe('the topics', () => {
  it('are laid out in deploy/kafka/topics.yaml as the relay expects them', () => {
    const laidOut = file.topics.map(({ name, key, partitions, config }) => [
      name,
      {
        key,
        partitions,
        cleanup: config['cleanup.policy'],
        retentionMs: config['retention.ms'],
      },
    ]);
    expect(Object.fromEntries(laidOut)).toEqual(TOPIC_LAYOUTS);
  });

  it.each(Object.entries(TOPIC_LAYOUTS))('have a line in create-topics.sh: %s', (name, layout) => {
    const script = readFileSync(path.resolve('deploy/kafka/create-topics.sh'), 'utf8');
    expect(script).toContain(`create ${name} ${layout.partitions} ${layout.retentionMs}\n`);
  });

  it.each(Object.keys(CATALOGUE) as EventType[])('have one for %s', (type) => {
    expect(Object.values(TOPICS)).toContain(topicOf(type));
  });
});
