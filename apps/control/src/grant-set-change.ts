import { type EventDataOf } from '#events';
import { type Grant, type GrantSet, grantSetOf } from '#policy';
import { IDS_BYTES_MAX, listed } from './listed.js';

/** What became of the grants, as far as one event has room for their ids. All are new where there was no set before. */
export function changeOf(
  previous: GrantSet | undefined,
  current: GrantSet,
): EventDataOf<'dev.postern.policy.changed.v1'> {
  const [before, after] = [digestsById(previous?.grants ?? []), digestsById(current.grants)];
  const [gone, here] = [[...before.keys()], [...after.keys()]];
  const added = listed(
    here.filter((id) => !before.has(id)),
    IDS_BYTES_MAX,
  );
  const removed = listed(
    gone.filter((id) => !after.has(id)),
    IDS_BYTES_MAX,
  );
  const changed = listed(
    here.filter((id) => before.has(id) && before.get(id) !== after.get(id)),
    IDS_BYTES_MAX,
  );
  const omitted = added.omitted + removed.omitted + changed.omitted;
  return {
    grant_set_digest: current.digest,
    ...(previous === undefined ? {} : { previous_digest: previous.digest }),
    grants: current.grants.length,
    grants_added: added.kept,
    grants_removed: removed.kept,
    grants_changed: changed.kept,
    ...(omitted === 0 ? {} : { omitted }),
  };
}

/** The digest of a set of one grant says what that grant gives, and nothing else. */
const digestsById = (grants: readonly Grant[]): ReadonlyMap<string, string> =>
  new Map(grants.map((grant) => [grant.id, grantSetOf([grant], grant.created).digest]));
