import { parseUrl } from '#kernel';
import { type AnswerSigns } from '../form-login.js';
import { type AnswerHead } from '../injectors/injector.js';
import { receivedValuesOf } from '../header-values.js';
import { cookieName } from './session-cookies.js';

/** Whether an answer from the origin has every sign that is given. */
export function hasSigns(signs: AnswerSigns, answer: AnswerHead, origin: string): boolean {
  const { status, location, cookie } = signs;
  if (status !== undefined && answer.status !== status) return false;
  if (location !== undefined && !pointsTo(location, answer, origin)) return false;
  return (
    cookie === undefined ||
    receivedValuesOf(answer.rawHeaders, 'set-cookie').some((field) => sets(field, cookie))
  );
}

function pointsTo(path: string, { rawHeaders }: AnswerHead, origin: string): boolean {
  const [location] = receivedValuesOf(rawHeaders, 'location');
  if (location === undefined) return false;
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(location) ? location : origin + location;
  const url = parseUrl(absolute);
  return url?.origin === origin && url.pathname === path;
}

const sets = (field: string, name: string): boolean =>
  cookieName(field) === name && !/;\s*max-age\s*=\s*(?:0|-)/i.test(field);
