import { PosternError } from '#kernel';

/** The folder of grant files, or a file in it, cannot be read: there is no set to be had from it. */
export class GrantFolderUnreadable extends PosternError {
  override readonly code = 'grant-folder-unreadable';
}
