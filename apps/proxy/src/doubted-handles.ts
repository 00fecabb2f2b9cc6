import { type EventDataOf } from '#events';
import { type Handle } from '#handles';
import { subjectIdOf } from '#identity';

export type RevocationEntry = EventDataOf<'dev.postern.revocation.state.v1'>;

/**
 * The handles that entries of the revocation state may be about. It may match more of them than the entries mean, such as
 * a key of the same id of another issuer: who is doubted is asked about, no more. It never matches fewer.
 */
export class DoubtedHandles {
  readonly #ids: Readonly<Record<RevocationEntry['scope'], Set<string>>> = {
    handle: new Set(),
    family: new Set(),
    subject: new Set(),
    issuer: new Set(),
    grant: new Set(),
    key: new Set(),
    resource: new Set(),
    task: new Set(),
  };

  add({ scope, id, family_id: familyId }: RevocationEntry): void {
    this.#ids[scope].add(id);
    // What descends from a handle is of its family, and ends with it.
    if (familyId !== undefined) this.#ids.family.add(familyId);
  }

  readonly matches = (handle: Handle): boolean => {
    const { handle: ids, family, grant, key, resource, task } = this.#ids;
    return (
      ids.has(handle.id) ||
      family.has(handle.familyId) ||
      grant.has(handle.grant.id) ||
      resource.has(handle.resource) ||
      (handle.subjectTokenKeyId !== undefined && key.has(handle.subjectTokenKeyId)) ||
      (handle.task !== undefined && task.has(handle.task)) ||
      this.#isOfDoubted(handle)
    );
  };

  /** A subject is also one that only acts. */
  #isOfDoubted({ subject: own, actors }: Handle): boolean {
    const { subject, issuer } = this.#ids;
    if (subject.size === 0 && issuer.size === 0) return false;
    if (subject.has(own.id) || issuer.has(own.issuer)) return true;
    return actors.some((actor) => issuer.has(actor.issuer) || subject.has(subjectIdOf(actor)));
  }
}
