import { refText, SecretNotFound, type SecretRef } from '#credentials';
import {
  PENDING_SECONDS,
  pendingRef,
  RotatedSecrets,
  type SecretFields,
  SecretMoved,
} from '#rotation';
import { placeOf, type SealedRows } from './sealed-rows.js';

/** Of the very form that rotations have: what else is called so is somebody's secret. */
const REMOVE_OLD = `
  delete from sealed_secret
  where path ~ '\\.pending/rot_[0-9A-Za-z]{22}(-[0-9]+)?$'
    and created_at < clock_timestamp() - make_interval(secs => $1)`;
const FIND_PENDING = `
  select version from sealed_secret
  where mount = $1 and path = $2 and created_at >= clock_timestamp() - make_interval(secs => $3)
  order by version desc limit 1`;
const REMOVE_ALL = 'delete from sealed_secret where mount = $1 and path = $2';
/** Never the newest row: the number of the next version is counted from it. */
const REMOVE_VERSION = `
  delete from sealed_secret as old
  where mount = $1 and path = $2 and version = $3
    and exists (select from sealed_secret as newer
      where newer.mount = old.mount and newer.path = old.path and newer.version > old.version)`;

/**
 * Writes secrets of the sealed store. Pending values are rows of the same table, on a path beside the live one. Needs
 * `select`, `insert` and `delete` on `sealed_secret`. Made by `SealedSecretStore.rotated()`.
 */
export class SealedRotatedSecrets extends RotatedSecrets {
  constructor(private readonly rows: SealedRows) {
    super();
  }

  override async stage(ref: SecretRef, rotationId: string, fields: SecretFields): Promise<void> {
    const pending = pendingRef(ref, rotationId);
    placeOf(pending);
    await this.rows.query(REMOVE_OLD, [PENDING_SECONDS]);
    await this.rows.append(pending, fields, 0);
  }

  override async staged(ref: SecretRef, rotationId: string): Promise<SecretFields | undefined> {
    const pending = pendingRef(ref, rotationId);
    const place = placeOf(pending);
    const [newest] = await this.rows.query<{ version: number }>(FIND_PENDING, [
      ...place,
      PENDING_SECONDS,
    ]);
    return newest && (await this.rows.read(pending, newest.version)).fields;
  }

  override async discard(ref: SecretRef, rotationId: string): Promise<void> {
    await this.rows.query(REMOVE_ALL, placeOf(pendingRef(ref, rotationId)));
  }

  override async write(
    ref: SecretRef,
    { after }: { readonly after: number; readonly token: string },
    fields: SecretFields,
  ): Promise<number> {
    const version = await this.rows.append(ref, fields, after);
    if (version !== undefined) return version;
    throw new SecretMoved(
      `${refText(ref)} is not at version ${after} any more: somebody else wrote it, and nothing was written`,
    );
  }

  override async destroy(ref: SecretRef, version: number): Promise<void> {
    await this.rows.query(REMOVE_VERSION, [...placeOf(ref), version]);
    if ((await this.#newest(ref)) !== version) return;
    throw new SecretMoved(
      `version ${version} of ${refText(ref)} is the newest one, which calls use: it is not destroyed`,
    );
  }

  async #newest(ref: SecretRef): Promise<number> {
    return this.rows.newest(ref).then(
      ({ version }) => version,
      (error: unknown) => {
        if (error instanceof SecretNotFound) return 0;
        throw error;
      },
    );
  }
}
