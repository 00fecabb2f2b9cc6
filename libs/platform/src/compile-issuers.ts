import { resolve } from 'node:path';
import { type IssuerFile, type KeysFile } from './config-issuers.js';
import {
  type IntrospectionIssuerEntry,
  type IssuerEntry,
  type IssuerTermsEntry,
  type SigningIssuerEntry,
} from './postern-config.js';

type Of<Kind extends IssuerFile['kind']> = Extract<IssuerFile, { kind: Kind }>;

/** From an entry of `issuers` as people write it to what the process works with. */
export function issuerEntry(issuer: IssuerFile, folder: string): IssuerEntry {
  switch (issuer.kind) {
    case 'oidc':
      return oidcEntry(issuer, folder);
    case 'spiffe':
      return spiffeEntry(issuer, folder);
    case 'introspection':
      return introspectionEntry(issuer);
  }
}

function oidcEntry(issuer: Of<'oidc'>, folder: string): SigningIssuerEntry {
  const { kind, keys, algorithms, types } = issuer;
  return {
    ...termsOf(issuer, issuer.issuer),
    kind,
    keys: keyLocation(keys, folder),
    algorithms,
    types,
    allowPrivateKeyEndpoint: keys.allowPrivate,
  };
}

function spiffeEntry(issuer: Of<'spiffe'>, folder: string): SigningIssuerEntry {
  const { kind, trustDomain, bundle, algorithms } = issuer;
  const isFile = 'file' in bundle;
  return {
    ...termsOf(issuer, `spiffe://${trustDomain}`),
    kind,
    keys: isFile
      ? { kind: 'file', path: resolve(folder, bundle.file) }
      : { kind: 'uri', uri: bundle.endpoint },
    algorithms,
    types: ['jwt', 'jose'], // JWT-SVID section 2.3.
    allowPrivateKeyEndpoint: !isFile && bundle.allowPrivate,
  };
}

function introspectionEntry(issuer: Of<'introspection'>): IntrospectionIssuerEntry {
  const { kind, endpoint, clientAuth, audience, allowPrivate } = issuer;
  return {
    ...termsOf(issuer, issuer.issuer),
    kind,
    endpoint,
    clientSecret: clientAuth.secretRef,
    audienceRequired: audience === 'required',
    allowPrivateEndpoint: allowPrivate,
  };
}

function termsOf(written: IssuerFile, issuer: string): IssuerTermsEntry {
  const { id, subjects, tokenUse, requiredClaims, owner, purpose, reviewBy } = written;
  return {
    ...{ id, issuer, subjects, tokenUse, requiredClaims, owner, purpose, reviewBy },
    maxLifetimeSeconds: written.maxLifetime,
    maxAgeSeconds: written.maxAge ?? written.maxLifetime,
    clockSkewSeconds: written.clockSkew,
  };
}

/** @param folder Whence the path of a file is counted. */
export function keyLocation(keys: KeysFile, folder: string): SigningIssuerEntry['keys'] {
  if ('file' in keys) return { kind: 'file', path: resolve(folder, keys.file) };
  if ('jwksUri' in keys) return { kind: 'uri', uri: keys.jwksUri, refreshSeconds: keys.refresh };
  return { kind: 'discovery', refreshSeconds: keys.refresh };
}
