import { type ConfigProblem } from './config-error.js';
import { id } from './config-values.js';
import { nearestName } from './nearest-name.js';
import { isConfidentialUrl, plainHttpUrl } from './network-address.js';
import { reportDetection } from './config-detection-checks.js';
import { reportRotations } from './config-rotation-checks.js';
import { pathText, shown } from './schema-problems.js';
import { entries, mapping, type Report, type Written } from './written-settings.js';

const IDS_TOLD_MAX = 10;

/**
 * What one setting says of another. Looks at what is written, not at what was parsed, so that these problems are told
 * together with those of single settings; what is not of its type is left to the schema.
 */
export function crossProblems(where: string, written: unknown): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, what) => problems.push({ where, path: pathText(path), what });
  const config = mapping(written);
  reportRepeated(config, 'issuers', 'id', report);
  reportRepeated(config, 'issuers', 'issuer', report);
  reportRepeated(config, 'issuers', 'trustDomain', report);
  reportRepeated(config, 'signals', 'id', report);
  reportRepeated(config, 'signals', 'issuer', report);
  reportRepeated(config, 'leakReports', 'id', report);
  reportRepeated(config, 'resources', 'id', report);
  reportForeign(config, report);
  reportPlainDiscovery(config, 'issuers', report);
  reportPlainDiscovery(config, 'signals', report);
  reportSignalSubjects(config, report);
  reportSharedListeners(mapping(config['listen']), report);
  reportUnreadHeader(config, report);
  reportVainProbe(config, report);
  reportRotations(config, report);
  reportDetection(config, report);
  return problems;
}

function reportRepeated(config: Written, list: string, name: string, report: Report): void {
  const first = new Map<unknown, number>();
  for (const [index, entry] of entries(config, list)) {
    const value = entry[name];
    if (typeof value !== 'string') continue;
    const before = first.get(value);
    if (before === undefined) first.set(value, index);
    else report([list, index, name], repeats(value, `${list}[${before}]`));
  }
}

const repeats = (value: string, first: string): string =>
  `${shown(value)} is that of ${first} already`;

function reportForeign(config: Written, report: Report): void {
  const served = config['environment'];
  if (typeof served !== 'string') return;
  for (const [index, { environment }] of entries(config, 'resources')) {
    if (typeof environment !== 'string' || environment === served) continue;
    report(
      ['resources', index, 'environment'],
      `${shown(environment)} is not the environment of this deployment, ${shown(served)}: a deployment serves one`,
    );
  }
}

/** Keys that come over a plain network are whatever somebody on that network says. */
function reportPlainDiscovery(config: Written, list: string, report: Report): void {
  for (const [index, { issuer, keys }] of entries(config, list)) {
    const byDiscovery = mapping(keys)['discovery'] === true;
    if (!byDiscovery || typeof issuer !== 'string' || isConfidentialUrl(issuer)) continue;
    if (plainHttpUrl(issuer) === undefined) continue; // That the schema says already.
    report(
      [list, index, 'keys', 'discovery'],
      'needs an issuer that is an https URL (http only on loopback): give the keys by { file: <path> } or { jwksUri: <https URL> }',
    );
  }
}

/** A subject that no issuer has by a slip of the pen would be a revocation that never comes. */
function reportSignalSubjects(config: Written, report: Report): void {
  const ids = entries(config, 'issuers').map(([, issuer]) => issuer['id']);
  for (const [index, { subjects }] of entries(config, 'signals')) {
    const named: readonly unknown[] = Array.isArray(subjects) ? subjects : [];
    const path = ['signals', index, 'subjects'];
    for (const [place, subject] of named.entries()) {
      if (!isId(subject)) continue; // That the schema says already.
      const first = named.indexOf(subject);
      if (!ids.includes(subject)) report([...path, place], noIssuer(subject, ids.filter(isId)));
      else if (first < place)
        report([...path, place], repeats(subject, pathText([...path, first])));
    }
  }
}

function noIssuer(subject: string, ids: readonly string[]): string {
  const what = `${shown(subject)} is no issuer of this file`;
  if (ids.length === 0) return what;
  const nearest = nearestName(subject, ids);
  const more = ids.length > IDS_TOLD_MAX ? ' and others' : '';
  const meant = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  return `${what}: expected one of ${ids.slice(0, IDS_TOLD_MAX).join(', ')}${more}.${meant}`;
}

const isId = (value: unknown): value is string => id.safeParse(value).success;

function reportSharedListeners(listen: Written, report: Report): void {
  const shared = [
    [['public'], ['admin']],
    ...['sts', 'proxy'].map((app) => [
      [app, 'public'],
      [app, 'admin'],
    ]),
  ] as const;
  for (const [one = [], other = []] of shared) {
    const [first, second] = [mapping(within(listen, one)), mapping(within(listen, other))];
    const same = first['host'] === second['host'] && first['port'] === second['port'];
    if (!same || typeof first['port'] !== 'number' || first['port'] === 0) continue;
    report(['listen', ...other], `is ${['listen', ...one].join('.')} already: take another port`);
  }
}

/** A header that nobody is believed to write would be a check that is never made. */
function reportUnreadHeader(config: Written, report: Report): void {
  const { clientCertificateHeader: header, trustedProxies } = config;
  const proxies = Array.isArray(trustedProxies) ? trustedProxies.length : 0;
  if (header === undefined || proxies > 0) return;
  report(
    ['clientCertificateHeader'],
    'is read from trusted proxies alone, and trustedProxies names none: add them, or take this out',
  );
}

/** What is not there is refused whoever asks: a probe for it would say nothing of the grants. */
function reportVainProbe(config: Written, report: Report): void {
  const { audience, scope } = mapping(config['prober']);
  if (typeof audience !== 'string' || audience === 'postern') return;
  const resource = entries(config, 'resources').find(([, { id }]) => id === audience)?.[1];
  if (resource === undefined) {
    report(['prober', 'audience'], `${shown(audience)} is no resource of this file`);
  } else if (typeof scope === 'string' && !Object.hasOwn(mapping(resource['scopes']), scope)) {
    report(['prober', 'scope'], `${shown(scope)} is no scope of resource ${audience}`);
  }
}

const within = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((inner: unknown, name) => mapping(inner)[name], value);
