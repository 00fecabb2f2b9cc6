/** A form that opens a session of cookies. `username` and `password` name fields of the secret. */
export interface FormLogin {
  readonly kind: 'form-login';
  readonly username: string;
  readonly password: string;
  readonly login: {
    /** A page to get before, for its cookies and the hidden fields of its form. */
    readonly page: string | undefined;
    /** Where the form is posted to. */
    readonly submit: string;
    readonly usernameParameter: string;
    readonly passwordParameter: string;
    readonly extra: Readonly<Record<string, string>>;
  };
  /** What the answer to the form is when it opened a session; all that is given has to hold. */
  readonly success: AnswerSigns;
  /** What an answer to a call is when there is no session; all that is given has to hold. */
  readonly expired: AnswerSigns;
  readonly logout: { readonly method: 'GET' | 'POST'; readonly path: string } | undefined;
}

/** Signs of an answer, at least one of them. */
export interface AnswerSigns {
  readonly status: number | undefined;
  /** Path of a `Location` on the same origin. */
  readonly location: string | undefined;
  /** Name of a cookie that is set, and not to be deleted. */
  readonly cookie: string | undefined;
}
