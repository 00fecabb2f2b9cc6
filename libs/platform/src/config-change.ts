import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type AccountEntry } from './config-account.js';
import { httpChange, type HttpChangeEntry } from './config-change-http.js';
import { choice, choiceProblem, secretRef, text } from './config-values.js';
import { isLoopbackHost } from './network-address.js';

const CHANGERS = ['postgres', 'mariadb', 'redis', 'ldap', 'http'] as const;
const HOST_CHARACTERS_MAX = 253;
const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const PORT_EXPECTED = 'expected a port from 1 to 65535';
const WHY_OFF = 'why passwords may go over the network as they are';

const host = z
  .string()
  .max(HOST_CHARACTERS_MAX)
  .refine(
    (value) => HOST_NAME.test(value) || isIP(value) !== 0,
    'expected the name or the address of a host, such as db.internal, without scheme and port',
  );
const port = z
  .int(PORT_EXPECTED)
  .min(1, PORT_EXPECTED)
  .max(65_535, PORT_EXPECTED)
  .optional()
  .describe('absent: the usual one');

const tls = z
  .union(
    [
      z.literal('off'),
      z.strictObject({ off: text.describe(WHY_OFF) }),
      z.strictObject({ caFile: text.optional(), serverName: text.optional() }),
    ],
    `expected { caFile: <path>, serverName: <name> }, off on loopback, or { off: "<${WHY_OFF}>" }`,
  )
  .optional()
  .describe('absent: TLS, by the authorities of the system; caFile is relative to this file');

type TlsFile = z.output<typeof tls>;

const alternate = z
  .tuple([text, text], 'expected two accounts, such as [svc_a, svc_b]')
  .refine(([one, other]) => one !== other, 'expected two accounts that differ')
  .optional()
  .describe('with slots: dual: the accounts that take turns');
const by = z
  .strictObject({ ref: secretRef })
  .optional()
  .describe('the account that makes the change; absent: the account changes its own password');

/** Whether a connection without TLS is to this very machine, or has its reason. */
const mayBePlain = ({ tls: written, host: name }: { tls?: TlsFile; host: string }): boolean =>
  written !== 'off' || isLoopbackHost(isIP(name) === 6 ? `[${name}]` : name);

const PLAIN_REFUSED = {
  path: ['tls'],
  error: `is for loopback alone: expected TLS, or { off: "<${WHY_OFF}>" }`,
};

const server = { host, port, tls, by };
const postgres = z
  .strictObject({ as: z.literal('postgres'), ...server, database: text.optional(), alternate })
  .refine(mayBePlain, PLAIN_REFUSED);
const mariadb = z
  .strictObject({
    as: z.literal('mariadb'),
    ...server,
    accountHost: text.optional().describe("of the accounts, as in 'svc'@'%'; absent: %"),
    alternate,
  })
  .refine(mayBePlain, PLAIN_REFUSED);
const redis = z
  .strictObject({
    as: z.literal('redis'),
    ...server,
    persist: choice(['aclfile', 'config', 'off'])
      .optional()
      .describe('how the change outlives a restart of the server; absent: aclfile'),
  })
  .refine(mayBePlain, PLAIN_REFUSED);

const LDAP_URL = /^ldaps?:\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?\/?$/;
const ldap = z
  .strictObject({
    as: z.literal('ldap'),
    url: z
      .string()
      .refine(
        (value) => LDAP_URL.test(value) && URL.canParse(value),
        'expected a URL such as ldaps://directory.internal, without userinfo, path and query; ldap: begins with StartTLS',
      ),
    tls,
    dn: text
      .refine((value) => value.includes('{{username}}'), 'expected a DN with {{username}} in it')
      .optional()
      .describe('DN of the account; absent: the field of the user name holds it'),
    by,
  })
  .refine(({ url, tls: written }) => !isOff(written) || url.startsWith('ldap:'), {
    path: ['tls'],
    error: 'expected no off: the url is ldaps',
  })
  .refine(
    ({ url, tls: written }) => mayBePlain({ tls: written, host: hostOf(url) }),
    PLAIN_REFUSED,
  );

const isOff = (written: TlsFile): boolean =>
  written === 'off' || (written !== undefined && 'off' in written);
const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '');

const asWritten = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'as' in value ? value.as : undefined;

/** How the password is changed at the legacy system: `rotation.change` of a resource. */
export const change = z.discriminatedUnion('as', [postgres, mariadb, redis, ldap, httpChange], {
  error: ({ input }) => choiceProblem(asWritten(input), CHANGERS, []),
});

export type ChangeFile = z.output<typeof change>;

/** Undefined: TLS by the authorities of the system. Paths are absolute. */
export type ChangerTlsEntry =
  | 'off'
  | { readonly off: string }
  | { readonly caFile?: string | undefined; readonly serverName?: string | undefined };

/** What the rotation section says around `change`. */
export interface ChangeTerms {
  readonly slots: 'single' | 'dual';
  readonly fields: { readonly username: string | undefined; readonly password: string };
  readonly reconcile?: AccountEntry | undefined;
}

interface ServerEntry extends ChangeTerms {
  readonly host: string;
  readonly port?: number | undefined;
  readonly tls?: ChangerTlsEntry | undefined;
  readonly by?: AccountEntry | undefined;
}

type AlternateEntry = readonly [string, string] | undefined;

/** In the shape in which the changers take it. */
export type ChangerEntry =
  | (ServerEntry & {
      readonly as: 'postgres';
      readonly database?: string | undefined;
      readonly alternate?: AlternateEntry;
    })
  | (ServerEntry & {
      readonly as: 'mariadb';
      readonly accountHost?: string | undefined;
      readonly alternate?: AlternateEntry;
    })
  | (ServerEntry & {
      readonly as: 'redis';
      readonly persist?: 'aclfile' | 'config' | 'off' | undefined;
    })
  | (Omit<ServerEntry, 'host' | 'port'> & {
      readonly as: 'ldap';
      readonly url: string;
      readonly dn?: string | undefined;
    })
  | (ChangeTerms & HttpChangeEntry);

/**
 * From `change` as people write it to what the process works with.
 * @param folder What paths are relative to.
 */
export function changerEntry(
  written: ChangeFile,
  terms: ChangeTerms,
  folder: string,
): ChangerEntry {
  if (written.as === 'http') return { ...written, ...terms, slots: 'single' };
  return { ...written, ...terms, tls: tlsEntry(written.tls, folder) };
}

function tlsEntry(written: TlsFile, folder: string): ChangerTlsEntry | undefined {
  if (written === undefined || written === 'off' || 'off' in written) return written;
  const { caFile, serverName } = written;
  return { caFile: caFile === undefined ? undefined : resolve(folder, caFile), serverName };
}

/** Why the change goes over the network without TLS; undefined when it does not, or only on this very machine. */
export function plainChangeReason(written: ChangeFile | undefined): string | undefined {
  if (written === undefined || written.as === 'http') return undefined;
  const { tls: protection } = written;
  return typeof protection === 'object' && 'off' in protection ? protection.off : undefined;
}
