import { nearestName } from './nearest-name.js';
import { shown } from './schema-problems.js';
import { entries, mapping, type Report, type Written } from './written-settings.js';

/** A mode for a resource that there is not would be a mode for none. */
export function reportDetection(config: Written, report: Report): void {
  const known = entries(config, 'resources').flatMap(([, { id }]) =>
    typeof id === 'string' ? [id] : [],
  );
  const rules = mapping(mapping(config['detection'])['rules']);
  for (const [rule, set] of Object.entries(rules)) {
    for (const name of Object.keys(mapping(mapping(set)['resources']))) {
      if (known.includes(name)) continue;
      const nearest = nearestName(name, known);
      const meant = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
      report(
        ['detection', 'rules', rule, 'resources', name],
        `expected the id of a resource, found ${shown(name)}.${meant}`,
      );
    }
  }
}
