import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A metric that the product registers, without `postern_`; its labels. */
type Registered = ReadonlyMap<string, readonly string[]>;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const read = (file: string): string => readFileSync(file, 'utf8');

/** What calls of Metrics name: `.counter('name', 'help', ['label'])`, also with the list in a constant before it. */
function registered(): Registered {
  const sources = ['apps', 'libs'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => join(folder, file)),
  );
  return new Map(sources.flatMap((file) => registeredIn(read(file))));
}

function registeredIn(source: string): [string, readonly string[]][] {
  const calls = source.matchAll(
    /\.(counter|gauge|gaugeOf|histogram)(?:<[^>]*>)?\(\s*'([a-z0-9_]+)',([^;{]*)/g,
  );
  return [...calls].flatMap(([, kind, name = '', rest = '']) => {
    const lists = kind === 'gaugeOf' ? '' : rest;
    const list = /\[([^\]]*)\]/.exec(lists)?.[1] ?? constantLabels(source, lists);
    const labels = [...list.matchAll(/'([a-z_]+)'/g)].map(([, label = '']) => label);
    if (kind !== 'histogram') return [[name, labels] as [string, readonly string[]]];
    return ['bucket', 'sum', 'count'].map((part): [string, readonly string[]] => [
      `${name}_${part}`,
      part === 'bucket' ? [...labels, 'le'] : labels,
    ]);
  });
}

const constantLabels = (source: string, call: string): string =>
  /,\s*labels\b/.test(call) ? (/labels = \[([^\]]*)\]/.exec(source)?.[1] ?? '') : '';

/** Prometheus itself adds these when it scrapes. */
const SCRAPED = ['job', 'instance'];

/** What in the expression is not so: metrics that nobody registers, labels that none of its metrics has. */
function unknownIn(expression: string, metrics: Registered): readonly string[] {
  const named = [...expression.matchAll(/\bpostern_([a-z0-9_]+)/g)].map(([, name = '']) => name);
  const unknown = named.filter((name) => !metrics.has(name)).map((name) => `postern_${name}`);
  const have = [...SCRAPED, ...named.flatMap((name) => metrics.get(name) ?? [])];
  const selected = [...expression.matchAll(/[{,]\s*([a-z_]+)\s*(?:=~|!~|!=|=)/g)];
  const grouped = [...expression.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => ['', label.trim()]),
  );
  const labels = [...selected, ...grouped].map(([, label = '']) => label);
  return [...unknown, ...labels.filter((label) => !have.includes(label))];
}

/** As links name them. */
const headingsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-'),
  );

const panels = (
  JSON.parse(read('deploy/grafana/postern.json')) as { panels: readonly Panel[] }
).panels.filter(({ type }) => type !== 'row');
const rules = (
  parse(read('deploy/grafana/alerts.yaml')) as { groups: readonly { rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules);
const expressions = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
  ...rules.map(({ alert, expr }) => ({ title: alert, expr })),
];

describe('dashboard and alerts', () => {
  const metrics = registered();

  it.each(expressions)('$title asks for what Postern registers: $expr', ({ expr }) => {
    expect(expr).toMatch(/\bpostern_[a-z]/);
    expect(unknownIn(expr, metrics)).toEqual([]);
  });

  it('would notice a metric that nobody registers, and a label that it does not have', () => {
    expect(unknownIn('rate(postern_made_up_total[5m])', metrics)).toEqual([
      'postern_made_up_total',
    ]);
    expect(unknownIn('sum by (cause) (postern_ready{shard="1"})', metrics)).toEqual([
      'shard',
      'cause',
    ]);
    expect(unknownIn('postern_relay_publish_seconds', metrics)).toHaveLength(1);
    expect(unknownIn('postern_relay_publish_seconds_bucket{le="1"}', metrics)).toEqual([]);
  });

  it('finds the labels of metrics however they are written', () => {
    expect(metrics.get('probe_runs_total')).toEqual(['probe', 'outcome']);
    expect(metrics.get('listener_certificate_expires_at_seconds')).toEqual(['listener']);
    expect(metrics.get('outbox_shard_waiting_events')).toEqual(['shard']);
  });

  it('has every figure of the relay, of revocation and of rotation on the dashboard', () => {
    const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n');
    const wanted = [...metrics.keys()].filter(
      (name) =>
        /^(?:relay|outbox|canary|revocation|evidence|rotations?|rotator|credential)_/.test(name) &&
        !/_(?:sum|count|shard_oldest_age_seconds)$/.test(name),
    );
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((name) => !shown.includes(`postern_${name}`))).toEqual([]);
  });

  it('has a panel once, with words on what it shows', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ description = '' }) => description === '')).toEqual([]);
  });

  it('sends whoever is woken to a section of the runbook that is there', () => {
    const pages = ['docs/runbook.md', 'docs/runbook-rotation.md'];
    const headings = new Map(pages.map((page) => [page, headingsOf(read(page))]));
    for (const { alert, annotations, labels } of rules) {
      const [file, section] = annotations.runbook_url.split('#');
      expect([alert, pages.includes(file ?? '')]).toEqual([alert, true]);
      expect(headings.get(file ?? '')).toContain(section);
      expect(['page', 'warn']).toContain(labels.severity);
      expect(annotations.summary).not.toBe('');
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  it('warns of a late outbox at 60 s, pages at 10 min, and warns at 80 % of the budget', () => {
    const terms = rules.map(({ alert, expr, labels }) => [alert, labels.severity, expr]);
    expect(terms).toEqual(
      expect.arrayContaining([
        ['PosternOutboxLate', 'warn', 'max(postern_outbox_oldest_age_seconds) > 60'],
        ['PosternOutboxStuck', 'page', 'max(postern_outbox_oldest_age_seconds) > 600'],
        ['PosternEvidenceBudget', 'warn', 'max(postern_evidence_budget_used_ratio) > 0.8'],
      ]),
    );
  });
});
