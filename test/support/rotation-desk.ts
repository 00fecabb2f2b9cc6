import { PosternClient } from '#client';
import { grantSettings, type PosternFolder } from './postern-folder.js';
import { until } from './until.js';

/** What the admin API tells of a rotation. */
export interface ShownRotation {
  readonly id: string;
  readonly resource: string;
  readonly kind: string;
  readonly origin: string;
  readonly trigger: string;
  readonly state: string;
  readonly from_version: number | null;
  readonly to_version: number | null;
  readonly error_class: string | null;
  readonly requested_at: string;
  readonly ended_at: string | null;
}

export interface ShownCredential {
  readonly resource: string;
  readonly state: string;
  readonly gate: string | null;
  readonly current_version: number | null;
}

const CUSTODIAN = 'custodian';
const ENDED_DEADLINE_MS = 60_000;

/** Grants the subject of a desk what it needs; call it before Postern starts. */
export const grantRotations = (folder: Pick<PosternFolder, 'writeGrant'>): void =>
  folder.writeGrant(
    grantSettings('custodian-postern', CUSTODIAN, 'postern', ['admin.read', 'admin.rotate']),
  );

/** The handle of an operator is good for five minutes. */
const HANDLE_KEPT_MS = 120_000;

type Door = Pick<PosternFolder, 'issuer'> & { readonly sts: string; readonly control: string };

/** An operator who rotates by the admin API. */
export class RotationDesk {
  private handle: string | undefined;
  private handleEndsMs = 0;

  private constructor(private readonly door: Door) {}

  /** Needs `grantRotations`. `origins`: where STS and control are, when they are processes of their own. */
  static async open(
    {
      issuer,
      publicOrigin,
      adminOrigin,
    }: Pick<PosternFolder, 'adminOrigin' | 'issuer' | 'publicOrigin'>,
    {
      sts = publicOrigin,
      control = adminOrigin,
    }: { readonly sts?: string; readonly control?: string } = {},
  ): Promise<RotationDesk> {
    const desk = new RotationDesk({ issuer, sts, control });
    await desk.authority();
    return desk;
  }

  async request(resource: string, reason = 'a test'): Promise<ShownRotation> {
    return this.ask('POST', 'rotations', { resource, reason });
  }

  async show(id: string): Promise<ShownRotation> {
    return this.ask('GET', `rotations/${id}`);
  }

  /** The newest first. */
  async list(resource: string): Promise<readonly ShownRotation[]> {
    const page = await this.ask<{ readonly rotations: readonly ShownRotation[] }>(
      'GET',
      `rotations?resource=${resource}`,
    );
    return page.rotations;
  }

  async credential(resource: string): Promise<ShownCredential> {
    const { credentials } = await this.ask<{ readonly credentials: readonly ShownCredential[] }>(
      'GET',
      'credentials',
    );
    const found = credentials.find((credential) => credential.resource === resource);
    if (found === undefined) throw new Error(`no credential of ${resource} is rotated`);
    return found;
  }

  /** Asked for as soon as a rotator has the credential in hand. */
  async requestInHand(resource: string): Promise<ShownRotation> {
    await until(
      `the credential of ${resource} is in hand`,
      async () => (await this.credential(resource)).state !== 'not_in_hand',
    );
    return this.request(resource);
  }

  /** Resolves to the rotation when it has ended, or waits for an administrator. */
  async ended(id: string, deadlineMs: number = ENDED_DEADLINE_MS): Promise<ShownRotation> {
    let shown = await this.show(id);
    await until(
      `rotation ${id} ends`,
      async () => {
        shown = await this.show(id);
        return shown.ended_at !== null;
      },
      deadlineMs,
    ).catch((error: unknown) => {
      throw new Error(
        `rotation ${id} is in state ${shown.state} (${shown.error_class ?? 'no error'})`,
        {
          cause: error,
        },
      );
    });
    return shown;
  }

  private async ask<T = ShownRotation>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.door.control}/admin/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.authority()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** An operator handle, and another one before it expires. */
  private async authority(): Promise<string> {
    if (this.handle !== undefined && performance.now() < this.handleEndsMs) return this.handle;
    const subjectToken = await this.door.issuer.mint(CUSTODIAN);
    const { handle } = await new PosternClient(this.door.sts).exchange({
      subjectToken,
      audience: 'postern',
      scopes: ['admin.read', 'admin.rotate'],
    });
    this.handleEndsMs = performance.now() + HANDLE_KEPT_MS;
    this.handle = handle;
    return handle;
  }
}
