/** Where rules are computed, and what is worth more there. */
export interface RulePlace {
  readonly environment: string;
  readonly deployment: string;
  /** The highest environment that there is. */
  readonly highestEnvironment: string;
  /** Ids of the resources that are sensitive, each between two spaces. */
  readonly sensitive: string;
}

/** As a deployment ships: for texts that are made for no deployment. */
export const SHIPPED_PLACE: RulePlace = {
  ...{ environment: 'prod', deployment: 'postern', highestEnvironment: 'prod', sensitive: ' ' },
};

export const isOfPlace = (name: string): name is keyof RulePlace =>
  Object.hasOwn(SHIPPED_PLACE, name);

/** As `postern.yaml` says it. */
export function rulePlaceOf(config: {
  readonly environment: string;
  readonly deployment: string;
  readonly detection: {
    readonly environmentOrder: readonly string[];
    readonly sensitive: readonly string[];
  };
}): RulePlace {
  const { environment, deployment, detection } = config;
  const { environmentOrder, sensitive } = detection;
  return {
    ...{ environment, deployment },
    highestEnvironment: environmentOrder.at(-1) ?? environment,
    sensitive: [' ', ...sensitive.map((id) => `${id} `)].join(''),
  };
}

/** A word of the place as a constant in the text of a rule. */
export const placeLiteral = (name: keyof RulePlace): string =>
  `'${SHIPPED_PLACE[name].replaceAll("'", "''")}'`;
