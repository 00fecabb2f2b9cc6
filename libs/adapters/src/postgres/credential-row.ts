import { type CredentialState, type Gate, type ManagedCredential } from '#credentials';

/** A row of the table `credential`, as far as it is the domain's. */
export interface CredentialRow {
  readonly mount: string;
  readonly path: string;
  readonly resource: string;
  readonly current_version: number;
  readonly fallback_version: number | null;
  readonly retired_version: number;
  readonly epoch: number;
  readonly serial: number;
  readonly gate: Gate;
  readonly state: CredentialState;
}

export const CREDENTIAL_COLUMNS = `mount, path, resource, current_version, fallback_version, retired_version, epoch, serial,
  gate, state`;

export const managedFrom = (row: CredentialRow): ManagedCredential => ({
  ref: { mount: row.mount, path: row.path },
  resource: row.resource,
  currentVersion: row.current_version,
  fallbackVersion: row.fallback_version ?? undefined,
  retiredVersion: row.retired_version,
  epoch: row.epoch,
  serial: row.serial,
  gate: row.gate,
  state: row.state,
});
