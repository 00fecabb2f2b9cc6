import { compileIssuer, type IssuerDeclaration } from './compile-issuer.js';
import { type IssuerRegistration } from './issuer-registration.js';
import { type IssuerRegistry, refuseTwice } from './issuer-registry.js';
import { IssuerRegistryInvalid } from './issuer-registry-invalid.js';
import { type CommandRights, type SignalTransmitter } from './security-event.js';
import { SET_AGE_SECONDS_MAX, SET_CLOCK_SKEW_SECONDS } from './security-event-claims.js';

/** A transmitter of Security Event Tokens as configured: plain data. */
export interface SignalDeclaration extends Pick<
  IssuerDeclaration,
  'id' | 'issuer' | 'keys' | 'algorithms' | 'allowPrivateKeyEndpoint'
> {
  /** Ids of registered issuers: it is believed about their subjects alone. At least one. */
  readonly subjects: readonly string[];
  /** What it may command; undefined: nothing. Each list has at least one entry. */
  readonly commands?:
    { readonly actions: readonly string[]; readonly scopes: readonly string[] } | undefined;
  readonly owner: string;
  readonly purpose: string;
  /** From this instant on the transmitter is not believed. */
  readonly reviewBy: Date;
}

/** Nobody exchanges the token of a transmitter. Should anybody ask for these terms, they are the strictest. */
const STRICTEST = {
  kind: 'oidc',
  subjects: 'workload',
  tokenUse: { kind: 'once' },
  maxLifetimeSeconds: SET_AGE_SECONDS_MAX,
  maxAgeSeconds: SET_AGE_SECONDS_MAX,
  clockSkewSeconds: SET_CLOCK_SKEW_SECONDS,
  requiredClaims: {},
} as const;

/**
 * In the order in which they were declared. The id of a registration is `signals/` and the declared one, so that it is
 * none of an issuer.
 * @throws IssuerRegistryInvalid naming the transmitter and what is wrong with it; also when two share an id or an issuer.
 */
export function compileTransmitters(
  declared: readonly SignalDeclaration[],
  issuers: IssuerRegistry,
): readonly SignalTransmitter[] {
  const issuerOf = new Map(issuers.all().map(({ id, issuer }) => [id, issuer]));
  const transmitters = declared.map(({ subjects, commands, ...terms }) => {
    const registration = registrationOf(terms);
    return Object.freeze({
      registration,
      speaksOf: speaksOf(registration, subjects, issuerOf),
      ...(commands === undefined ? {} : { commands: commandRights(registration, commands) }),
    });
  });
  const registrations = transmitters.map(({ registration }) => registration);
  refuseTwice('id', registrations);
  refuseTwice('issuer', registrations);
  return transmitters;
}

const ACTIONS = ['revoke', 'suspend', 'resume', 'rotate'];
const SCOPES = ['handle', 'family', 'subject', 'issuer', 'grant', 'key', 'resource', 'task'];

function commandRights(
  { id }: IssuerRegistration,
  { actions, scopes }: NonNullable<SignalDeclaration['commands']>,
): CommandRights {
  const unknown = [
    ...actions.filter((action) => !ACTIONS.includes(action)),
    ...scopes.filter((scope) => !SCOPES.includes(scope)),
  ];
  if (unknown.length > 0) {
    throw new IssuerRegistryInvalid(id, `its commands name ${unknown.join(', ')}: unknown`);
  }
  if (actions.length === 0 || scopes.length === 0) {
    throw new IssuerRegistryInvalid(id, 'its commands name no action, or no scope');
  }
  return Object.freeze({ actions: new Set(actions), scopes: new Set(scopes) });
}

function registrationOf(
  terms: Omit<SignalDeclaration, 'subjects' | 'commands'>,
): IssuerRegistration {
  const id = `signals/${terms.id}`;
  // No issuer of subject tokens may have the type of a security event, so it replaces another after the checks.
  const checked = compileIssuer({ ...terms, ...STRICTEST, id, types: ['jwt'] });
  return Object.freeze({ ...checked, types: ['secevent+jwt'] });
}

function speaksOf(
  { id }: IssuerRegistration,
  subjects: readonly string[],
  issuerOf: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  if (subjects.length === 0) {
    throw new IssuerRegistryInvalid(id, 'it lists no issuer of whose subjects it may speak');
  }
  return new Set(
    subjects.map((subject) => {
      const issuer = issuerOf.get(subject);
      if (issuer !== undefined) return issuer;
      throw new IssuerRegistryInvalid(id, `its subjects name ${subject}, which is no issuer`);
    }),
  );
}
