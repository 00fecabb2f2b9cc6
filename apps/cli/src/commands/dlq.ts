import { isUtf8 } from 'node:buffer';
import { type Command } from 'commander';
import { KafkaDeadLetterTopic, kafkaOptions } from '#adapters/kafka';
import { EVIDENCE_GROUPS } from '#events';
import { loadSettings } from '#platform/start';
import { withDatabase } from '../database.js';
import {
  type DeadLetterShelf,
  embeddedShelf,
  kafkaShelf,
  type ShelvedLetter,
} from '../dead-letter-shelf.js';
import { complain } from '../problem-line.js';
import { shown } from '../shown.js';
import { UsageError } from '../usage-error.js';

interface GroupOption {
  readonly group: string;
}

interface ReplayOptions extends GroupOption {
  readonly only?: string;
}

const GROUP = /^[A-Za-z0-9._-]{1,100}$/;
const ID = /^\d{1,9}:\d{1,19}$/;

/** `postern dlq list|show|replay`: records of evidence that a consumer group gave up on. */
export function addDlq(program: Command): void {
  const dlq = program
    .command('dlq')
    .description('dead letters: records that a consumer group could not handle');
  const withGroup = (command: Command): Command =>
    command.requiredOption('--group <name>', `consumer group, such as ${EVIDENCE_GROUPS[0]}`);
  withGroup(dlq.command('list').description('one line each, the oldest first')).action(list);
  withGroup(
    dlq
      .command('show')
      .description('one of them, with its headers and its value')
      .argument('<id>', 'as list names it, <partition>:<offset>'),
  ).action(show);
  withGroup(
    dlq
      .command('replay')
      .description('give them to their consumers again, as they were; all that lie there now')
      .option('--only <id>', 'this one alone'),
  ).action(replay);
}

const list = ({ group }: GroupOption): Promise<void> =>
  withShelf(group, async (shelf) => {
    const letters = await shelf.read();
    for (const letter of letters) console.log(describeLetter(letter));
    process.stderr.write(`${letters.length} dead letters\n`);
  });

const show = (id: string, { group }: GroupOption): Promise<void> =>
  withShelf(group, async (shelf) => {
    const [letter] = pick(await shelf.read(), id);
    if (letter !== undefined) console.log(printLetter(letter));
  });

const replay = ({ group, only }: ReplayOptions): Promise<void> =>
  withShelf(group, async (shelf) => {
    const all = await shelf.read();
    const letters = only === undefined ? all : pick(all, only);
    process.stderr.write(`${letters.length} of ${all.length} dead letters are given again\n`);
    if (letters.length === 0) return;
    console.log(await shelf.replay(letters, (line) => process.stderr.write(`${line}\n`)));
  });

/** @throws UsageError when there is none of that name. */
function pick(letters: readonly ShelvedLetter[], id: string): readonly ShelvedLetter[] {
  if (!ID.test(id)) throw new UsageError('expected <partition>:<offset>, as postern dlq list says');
  const found = letters.filter((letter) => letter.id === id);
  if (found.length === 0) throw new UsageError(`there is no dead letter ${id} of that group`);
  return found;
}

async function withShelf(
  group: string,
  work: (shelf: DeadLetterShelf) => Promise<void>,
): Promise<void> {
  if (!GROUP.test(group)) throw new UsageError('--group: a consumer group: letters, digits, . _ -');
  const settings = loadSettings(process.env);
  if (settings.kafka === undefined) {
    return withDatabase(settings, (database) => work(embeddedShelf(database, group)));
  }
  const options = await kafkaOptions(settings.kafka, {
    clientId: 'postern-cli',
    onProblem: complain,
  });
  const topic = new KafkaDeadLetterTopic(options, group);
  await work(kafkaShelf(topic)).finally(() => topic.close());
}

/** Such as `3:17 2026-11-21T10:00:00Z postern.canary.v1/4/2211 event-unreadable/not_json attempts=0 key=shard-4`. */
export function describeLetter({ id, diedAt, place, ...letter }: ShelvedLetter): string {
  const origin = `${place.topic}/${place.partition}/${place.offset}`;
  const key = letter.record.key === null ? 'none' : letter.record.key.toString();
  return shown(
    `${id} ${diedAt} ${origin} ${letter.errorClass} attempts=${letter.attempts} key=${key}`,
  );
}

function printLetter(letter: ShelvedLetter): string {
  const { record, firstFailedAt, writtenAt } = letter;
  const headers = Object.entries(record.headers ?? {}).map(
    ([name, value]) => `${shown(name)}: ${shown(value?.toString() ?? '')}`,
  );
  const value = record.value === null ? '(no value)' : valueText(record.value);
  const times = shown(`written ${writtenAt}, first failed ${firstFailedAt}`);
  return [describeLetter(letter), times, ...headers, '', value].join('\n');
}

const valueText = (value: Buffer): string =>
  isUtf8(value) ? shown(value.toString('utf8')) : `base64: ${value.toString('base64')}`;
