import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { LAYOUTS_BY_NAME } from '#events';
import {
  DEFAULT_PRINCIPALS,
  describeGrant,
  grantsFor,
  KAFKA_RIGHTS,
  KAFKA_ROLES,
  type KafkaPlace,
  type KafkaRole,
  OWN_PRINCIPALS,
} from './kafka-rights.js';
import { topicSettings } from './topic-settings.js';

const deployed = (name: string): string => path.resolve('deploy/kafka', name);
const layouts = [...LAYOUTS_BY_NAME];
const settingsOf = (index: number, minInSyncReplicas: number): Record<string, string> =>
  Object.fromEntries(
    topicSettings(layouts[index]![1], { minInSyncReplicas }).map(({ name, value }) => [
      name,
      value,
    ]),
  );

/** What one of Kafka's tools is called with, a line a call, when a script of ours runs. */
function callsOf(script: string, tool: string, environment: Record<string, string>): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-kafka-tools-'));
  try {
    writeFileSync(path.join(folder, tool), '#!/bin/sh\necho "$@"\n');
    chmodSync(path.join(folder, tool), 0o755);
    const printed = execFileSync('bash', [deployed(script), 'k:9092', 'admin.properties'], {
      env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, ...environment },
      encoding: 'utf8',
    });
    return printed.trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const CONNECTION = '--bootstrap-server k:9092 --command-config admin.properties';

describe('deploy/kafka/topics.yaml', () => {
  const file = parse(readFileSync(deployed('topics.yaml'), 'utf8')) as {
    topics: { name: string; key: string; partitions: number; config: Record<string, unknown> }[];
  };

  it('has the topics that the code has, with the same keys, partitions and settings', () => {
    const said = file.topics.map(({ config, ...rest }) => ({
      ...rest,
      config: Object.fromEntries(
        Object.entries(config).map(([name, value]) => [name, String(value)]),
      ),
    }));
    expect(said).toEqual(
      layouts.map(([name, { key, partitions }], index) => ({
        name,
        key,
        partitions,
        config: settingsOf(index, 2),
      })),
    );
  });
});

describe('deploy/kafka/create-topics.sh', () => {
  it('creates the topics that the code has, with the same partitions and settings', () => {
    const calls = callsOf('create-topics.sh', 'kafka-topics.sh', {
      REPLICATION_FACTOR: '5',
      MIN_INSYNC_REPLICAS: '4',
    });
    expect(calls.map(sortedConfig)).toEqual(
      layouts.map(([name, { partitions }], index) => {
        const settings = Object.entries(settingsOf(index, 4)).map((entry) => entry.join('='));
        return (
          `${CONNECTION} --create --if-not-exists --topic ${name} --partitions ${partitions} ` +
          `--replication-factor 5 ${settings.sort().join(' ')}`
        );
      }),
    );
  });
});

const sortedConfig = (call: string): string => {
  const [command, ...settings] = call.split(' --config ');
  return [command, ...settings.sort()].join(' ');
};

describe('deploy/kafka/create-acls.sh', () => {
  const grants = (roles: readonly KafkaRole[]): string[] =>
    grantsFor(new Map(roles.map((role) => [role, [DEFAULT_PRINCIPALS[role]]]))).map(describeGrant);
  const added = (environment: Record<string, string>): string[] =>
    callsOf('create-acls.sh', 'kafka-acls.sh', environment).flatMap(grantsOfCall);

  it('adds the rights of the processes, and of nobody who is not named', () => {
    expect(added({}).sort()).toEqual(grants([...OWN_PRINCIPALS.keys()]).sort());
  });

  it('adds the rights that the code has for every role that is named', () => {
    const named = Object.entries(DEFAULT_PRINCIPALS).map(([role, principal]) => [
      role.toUpperCase().replace('-', '_'),
      principal,
    ]);
    expect(new Set(added(Object.fromEntries(named) as Record<string, string>))).toEqual(
      new Set(grants(KAFKA_ROLES)),
    );
  });
});

/** As describeGrant says it; one call adds several operations. */
function grantsOfCall(call: string): string[] {
  const match =
    /^--bootstrap-server k:9092 --command-config admin\.properties --add --allow-principal (?<principal>\S+) --resource-pattern-type (?<pattern>\S+) --(?<kind>topic|group) (?<name>\S+) (?<operations>.*)$/.exec(
      call,
    );
  const { principal, pattern, kind, name, operations } = match!.groups!;
  return operations!
    .split('--operation ')
    .slice(1)
    .map((operation) =>
      [principal, operation.trim(), 'on', kind, `${name}${pattern === 'prefixed' ? '*' : ''}`].join(
        ' ',
      ),
    );
}

describe('deploy/kafka/acls.md', () => {
  it('has a row for each right that the code has, and no other', () => {
    const rows = readFileSync(deployed('acls.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| `(?:User:|[a-z])/.test(line))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      );
    const places = (on: readonly KafkaPlace[]): string => {
      const names = on.map(
        ({ name, pattern }) => `\`${name}${pattern === 'prefixed' ? '*' : ''}\``,
      );
      return `${on[0]!.kind}${on.length > 1 ? 's' : ''} ${names.join(', ')}`;
    };
    expect(rows).toEqual(
      KAFKA_RIGHTS.map(({ role, on, may, why }) => [
        `\`${role}\``,
        `\`${DEFAULT_PRINCIPALS[role]}\``,
        places(on),
        may.join(', '),
        why,
      ]),
    );
  });
});

describe('docs/kafka.md', () => {
  it('says of each setting what another value costs, as the command line does', () => {
    const rows = readFileSync(path.resolve('docs/kafka.md'), 'utf8')
      .split('\n')
      .map((line) => /^\| `(?<name>[a-z.]+)` +\|[^|]*\| (?<cost>[^|]*?) +\|$/.exec(line)?.groups)
      .flatMap((cells) => (cells === undefined ? [] : [`${cells['name']}: ${cells['cost']}`]));
    const risks = layouts.flatMap(([, layout]) =>
      topicSettings(layout, { minInSyncReplicas: 2 }).map(({ name, risk }) => `${name}: ${risk}`),
    );
    expect(new Set(rows)).toEqual(new Set(risks));
  });
});
