import { type CommandAction, type CommandRejection } from '#events';
import { PosternError } from '#kernel';

/** What is known of a command whose signature was verified. */
export interface KnownCommand {
  /** Id of the transmitter. */
  readonly transmitter: string;
  readonly jti: string;
  readonly action?: CommandAction;
  /** As `targetOf` names it. */
  readonly target?: string;
}

/** A signed command is not carried out: its form, its transmitter's rights or its target are at fault. */
export class CommandRefused extends PosternError {
  override readonly code = 'command-refused';

  constructor(
    readonly rejection: CommandRejection,
    readonly rule: string,
    readonly command: KnownCommand,
  ) {
    super(`the command is not carried out: ${rule}`);
  }
}
