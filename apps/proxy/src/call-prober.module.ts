import { mintHandle } from '#handles';
import {
  type PosternConfig,
  type Probe,
  type ProbeAnswer,
  type ProbeResponse,
  type ProbeTarget,
  type ResourceEntry,
} from '#platform';

/** Refusals for want of a handle: nothing was sent anywhere. */
const REFUSALS: ReadonlySet<string> = new Set(['missing-handle', 'invalid_token']);
/** Answers of ours from before a handle is judged, or while it cannot be: they tell nothing of what is permitted. */
const UNDECIDED: ReadonlySet<string> = new Set([
  'ambiguous-request',
  'invalid_request',
  'dependency-unavailable',
  'internal-error',
]);
const CODE = /^[a-z_-]{1,64}$/;
const SEGMENT = 'postern-prober';

type ProbedResource = Pick<ResourceEntry, 'id' | 'scopes'>;

/** What probes need to know of `postern.yaml`. */
export interface ProbedConfig extends Pick<PosternConfig, 'environment'> {
  readonly resources: readonly ProbedResource[];
}

/**
 * Calls that must be refused: of each resource the first operation that only reads, once with a well-formed handle that
 * was never issued, and once without any.
 */
export function callProbes(config: ProbedConfig, target: ProbeTarget): readonly Probe[] {
  const paths = new Map(config.resources.map((resource) => [resource.id, pathOf(resource)]));
  const probe = (name: string, headers: () => Readonly<Record<string, string>>): Probe => ({
    door: 'call',
    name,
    items: [...paths.keys()],
    ask: (resource, signal) => {
      const path = paths.get(resource) ?? '';
      const permitted = `a call of resource ${resource}: ${name}`;
      return target.ask({ method: 'GET', path, headers: headers(), signal }, async (response) =>
        judge(response, { permitted, way: target.way }),
      );
    },
  });
  return [
    probe('call-with-unknown-handle', () => ({
      authorization: `Bearer ${mintHandle(config.environment).plaintext}`,
    })),
    probe('call-without-handle', () => ({})),
  ];
}

function judge(
  { status, header, correlationId = 'without correlation id' }: ProbeResponse,
  { permitted, way }: { readonly permitted: string; readonly way: ProbeTarget['way'] },
): ProbeAnswer {
  const code = CODE.exec(header('postern-error') ?? '')?.[0];
  if (code !== undefined && status === 401 && REFUSALS.has(code)) return { outcome: 'refused' };
  const told = `answered ${status} ${code ?? 'without postern-error'} (${correlationId})`;
  const undecided = code === undefined ? isOfGateway(status, way) : UNDECIDED.has(code);
  if (undecided) return { outcome: 'unreachable', reason: told };
  return { outcome: 'breached', permitted, detail: `${told}; expected 401 of Postern itself` };
}

/**
 * What Postern did not write comes from the destination: even a 401, then, tells that the call went through, with the
 * credential on it. A gateway on the way may fail in its own name.
 */
const isOfGateway = (status: number, way: ProbeTarget['way']): boolean =>
  way === 'by-others' && status >= 500;

/** Never a method that writes: should the call be permitted after all, then at least nothing changes. */
function pathOf({ id, scopes }: ProbedResource): string {
  const reading = Object.values(scopes)
    .flat()
    .find((operation) => operation.startsWith('GET '));
  const template = reading?.slice('GET '.length) ?? `/${SEGMENT}`;
  const segments = template.split('/').map((segment) => {
    return segment === '**' || segment.startsWith('{') ? SEGMENT : segment;
  });
  return `/proxy/${id}${segments.join('/')}`;
}
