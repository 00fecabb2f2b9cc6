import { PosternError } from '#kernel';

/** The settings of `rotation.change` cannot work. The message names the setting. */
export class ChangerSettingsRefused extends PosternError {
  override readonly code = 'changer-settings-refused';
}
