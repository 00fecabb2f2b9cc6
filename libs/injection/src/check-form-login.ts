import { type AnswerSigns, type FormLogin } from './form-login.js';

/** As it is sent: a path, and a query where there is one; no dot segments, and no authority. */
const PATH = /^\/(?!\/)[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?$/;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
const EXTRA_MAX = 20;

type Report = (path: string, what: string) => void;

/** What of a recipe could never work, or would be sent to somewhere else than it says. */
export function checkFormLogin(
  { login, success, expired, logout }: FormLogin,
  report: Report,
): void {
  checkPath('inject.login.page', login.page, report);
  checkPath('inject.login.submit', login.submit, report);
  checkPath('inject.logout', logout?.path, report);
  checkSigns('inject.success', success, report);
  checkSigns('inject.expired', expired, report);
  if (Object.keys(login.extra).length > EXTRA_MAX) {
    report('inject.login.extra', `expected at most ${EXTRA_MAX} fields`);
  }
}

function checkPath(path: string, value: string | undefined, report: Report): void {
  if (value === undefined || (PATH.test(value) && !DOT_SEGMENT.test(value))) return;
  report(path, 'expected an absolute path on the destination, without dot segments and fragment');
}

function checkSigns(path: string, signs: AnswerSigns, report: Report): void {
  const { status, location, cookie } = signs;
  if (status === undefined && location === undefined && cookie === undefined) {
    report(path, 'expected at least one of status, location and cookie');
  }
  checkPath(`${path}.location`, location, report);
  if (cookie !== undefined && !COOKIE_NAME.test(cookie)) {
    report(`${path}.cookie`, 'expected the name of a cookie');
  }
}
