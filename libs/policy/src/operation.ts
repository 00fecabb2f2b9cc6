/** One segment of a path template. `**` stands last and matches one or more segments. */
export type TemplateSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'rest' };

/** One method and path template of a resource, such as `GET /accounts/{id}`. */
export interface Operation {
  readonly method: string;
  /** As registered, for events and metrics. */
  readonly template: string;
  readonly segments: readonly TemplateSegment[];
}
