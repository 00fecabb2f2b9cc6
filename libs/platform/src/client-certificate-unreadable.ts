import { PosternError } from '#kernel';

/**
 * What was presented in place of a client certificate is none, or more than one. Nobody may take that for "none was
 * presented". The message names the rule, never what was presented.
 */
export class ClientCertificateUnreadable extends PosternError {
  override readonly code = 'client-certificate-unreadable';
}
