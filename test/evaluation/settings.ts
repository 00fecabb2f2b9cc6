import { type DetectionSettings, shippedRules, type Zones } from '#detection';
import { deploymentOfEnvironment, type Environment } from './model.js';
import { ZONES } from './places.js';

/** A deployment of the simulated installation, with every rule and figure as it ships. */
export const settingsOf = (environment: Environment): DetectionSettings => ({
  environment,
  deployment: deploymentOfEnvironment(environment),
  rules: shippedRules(),
  environmentGroups: [],
  environmentOrder: ['dev', 'staging', 'prod'],
  responseBudget: 20,
  permitted: [],
  watermarkSeconds: 30,
  latenessSeconds: 3_600,
});

const known = new Map<string, string | undefined>();

/** An address is looked up once. */
export const KNOWN_ZONES: Zones = {
  of: (ip) => {
    if (!known.has(ip)) known.set(ip, ZONES.of(ip));
    return known.get(ip);
  },
};
