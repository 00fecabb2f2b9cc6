import { type FormParameters } from '#testing';
import { type ErrorBody, errorOf, type StsEndpoint } from './sts-endpoint.js';

const TOKEN = '/oauth2/token';

/** How many runs a property gets: the default, or the long run of at least 10,000. */
export const runs = (byDefault: number): number =>
  process.env['POSTERN_TEST_VOLUME'] === 'long' ? Math.max(10_000, byDefault) : byDefault;

/** Long enough for a long run on a slow machine. */
export const PROPERTY_TIMEOUT_MS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 600_000 : 30_000;

/** Posts R0 with these parameters replaced. */
export const exchangeAt = async (
  endpoint: StsEndpoint,
  parameters: FormParameters,
): Promise<Response> => endpoint.post(TOKEN, await endpoint.sts.baseline(parameters));

/**
 * Posts R0 with these parameters replaced and expects a 400. Nothing may come of it: no handle, no use of a subject
 * token, and one denial on record. Resolves to the answer and to the reason that operators get.
 */
export async function refusedExchange(
  endpoint: StsEndpoint,
  parameters: FormParameters,
): Promise<ErrorBody & { readonly reason: string }> {
  const { sts } = endpoint;
  const before = [sts.records.handles.size, sts.records.uses.size, sts.permits.length];
  const denialsBefore = sts.denials.length;
  const response = await exchangeAt(endpoint, parameters);
  expect(response.status).toBe(400);
  const answer = await errorOf(response);
  expect([sts.records.handles.size, sts.records.uses.size, sts.permits.length]).toEqual(before);
  const [denial, ...more] = sts.denials.slice(denialsBefore);
  expect(more).toEqual([]);
  return { ...answer, reason: denial!.reason };
}
