import { z } from 'zod';
import { text } from './config-values.js';
import { type FormInjectEntry } from './postern-config.js';

const field = text.describe('name of a field of the secret');
const PATH = String.raw`/\S*`;
const request = (methods: string): z.ZodString =>
  z
    .string()
    .max(2048)
    .regex(
      new RegExp(`^(?:${methods}) ${PATH}$`),
      `expected ${methods.replaceAll('|', ' or ')} and an absolute path on the destination, such as ${methods.replace(/.*\|/, '')} /login`,
    );
const path = z
  .string()
  .max(2048)
  .regex(/^\/\S*$/, 'expected an absolute path on the destination');
const status = z.int().min(200).max(599);
const signs = z
  .strictObject({ status: status.optional(), location: path.optional(), cookie: text.optional() })
  .refine(
    (given) => Object.keys(given).length > 0,
    'expected at least one of status, location and cookie',
  );

/** `inject.as: form-login`. */
export const formInject = z.strictObject({
  as: z.literal('form-login'),
  username: field,
  password: field,
  login: z.strictObject({
    page: request('GET').optional(),
    submit: request('POST'),
    usernameParameter: text,
    passwordParameter: text,
    extra: z.record(text, z.string().max(512)).optional(),
  }),
  success: signs,
  expired: signs,
  logout: request('GET|POST').optional(),
});

/** From the recipe as people write it to requests in parts. */
export function formInjectEntry(inject: z.output<typeof formInject>): FormInjectEntry {
  const { as: kind, username, password, login, success, expired, logout } = inject;
  return {
    kind,
    username,
    password,
    login: {
      page: login.page === undefined ? undefined : pathOf(login.page),
      submit: pathOf(login.submit),
      usernameParameter: login.usernameParameter,
      passwordParameter: login.passwordParameter,
      extra: login.extra ?? {},
    },
    success: signsOf(success),
    expired: signsOf(expired),
    logout:
      logout === undefined
        ? undefined
        : { method: logout.startsWith('GET ') ? 'GET' : 'POST', path: pathOf(logout) },
  };
}

const pathOf = (written: string): string => written.slice(written.indexOf(' ') + 1);

const signsOf = ({
  status,
  location,
  cookie,
}: z.output<typeof signs>): FormInjectEntry['success'] => ({ status, location, cookie });
