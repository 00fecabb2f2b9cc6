import { Secret } from '#kernel';
import {
  ChangeRefused,
  CredentialChanger,
  type SecretFields,
  TargetUnreachable,
  type ValueChange,
} from '#rotation';
import { assertUsablePassword, otherAccount } from './account.js';
import { type OutgoingChange, type SendChange } from './change-sender.js';
import { ChangeTemplate, type ChangeValues } from './change-template.js';
import { type AccountRef, type HttpChange } from './changer-settings.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';
import { privilegedLogin, type ReadAccount } from './privileged-account.js';
import { withinLimit } from './within-limit.js';

export interface HttpChangerParts {
  readonly settings: HttpChange;
  readonly send: SendChange;
  readonly read: ReadAccount;
}

type Caller = Pick<OutgoingChange, 'as' | 'fields'>;

/**
 * One value at a time, changed by an HTTP call. Whether applying it a second time works is up to the legacy system: one that
 * asks for the current value refuses, because it is not the current one any more.
 */
export class HttpChanger extends CredentialChanger {
  override readonly reconcile: CredentialChanger['reconcile'];
  override readonly logsInAsAccount: boolean;
  readonly #template: ChangeTemplate;

  /** @throws ChangerSettingsRefused */
  constructor(private readonly parts: HttpChangerParts) {
    super();
    const { request, reconcile, by } = parts.settings;
    this.logsInAsAccount = by === undefined;
    this.#template = new ChangeTemplate(request);
    this.reconcile = reconcile && this.#reconciling(reconcile);
  }

  override next(current: SecretFields, password: Secret): SecretFields {
    return new Map(current).set(this.parts.settings.fields.password, password);
  }

  override apply(change: ValueChange): Promise<void> {
    return withinLimit(async (signal) => {
      const { by } = this.parts.settings;
      const caller: Caller =
        by === undefined
          ? { as: 'injected', fields: change.current }
          : { as: 'basic', fields: await this.#account(by) };
      await this.#send(this.#template, change, { caller, signal });
    });
  }

  /** The old value ended when the new one began. */
  override async retire(): Promise<void> {
    await Promise.resolve();
  }

  #reconciling(account: AccountRef): (change: ValueChange) => Promise<void> {
    const { reconcileRequest } = this.parts.settings;
    const template =
      reconcileRequest === undefined ? this.#template : new ChangeTemplate(reconcileRequest);
    if (template.holds('current.password')) {
      throw new ChangerSettingsRefused(
        'rotation.reconcile is for when the current value does not work: give change.reconcileRequest, without {{current.password}}',
      );
    }
    return (change) =>
      withinLimit(async (signal) => {
        const caller: Caller = { as: 'basic', fields: await this.#account(account) };
        await this.#send(template, change, { caller, signal });
      });
  }

  async #send(
    template: ChangeTemplate,
    change: ValueChange,
    { caller, signal }: { readonly caller: Caller; readonly signal: AbortSignal },
  ): Promise<void> {
    const rendered = template.render(this.#valuesOf(change));
    const { status } = await this.parts.send({ ...rendered, ...caller }, signal);
    if (template.isExpected(status)) return;
    if (status >= SERVER_ERROR || NOT_HANDLED.has(status)) {
      throw new TargetUnreachable(`the change-password call was answered ${status}`);
    }
    throw new ChangeRefused(`http_${status}`, `the change-password call was answered ${status}`);
  }

  async #account(ref: AccountRef): Promise<SecretFields> {
    const { username, password } = await privilegedLogin(ref, this.parts.read);
    return new Map([
      ['username', Secret.of(username)],
      ['password', password],
    ]);
  }

  /** @throws ChangeRefused */
  #valuesOf({ current, next }: ValueChange): ChangeValues {
    const { fields } = this.parts.settings;
    const [username, nextUsername] = [current, next].map((value) =>
      fields.username === undefined ? undefined : value.get(fields.username)?.reveal(),
    );
    if (username !== nextUsername) throw otherAccount();
    return {
      username,
      'current.password': passwordOf(current, fields.password),
      'next.password': passwordOf(next, fields.password),
    };
  }
}

/** What broke in the middle, at the legacy system or before it, may have changed the value or not. */
const SERVER_ERROR = 500;
/** Answers of what stands before the legacy system, or of one that did not get to it. */
const NOT_HANDLED: ReadonlySet<number> = new Set([408, 425, 429]);

function passwordOf(fields: SecretFields, name: string): string {
  const password = fields.get(name);
  if (password === undefined) {
    throw new ChangeRefused(
      'value_incomplete',
      'the secret lacks the field of its password: see rotation.fields',
    );
  }
  assertUsablePassword(password);
  return password.reveal();
}
