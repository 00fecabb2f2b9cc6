import { type IssuerRegistration, parseKeySet } from '#identity';
import { BundleReader } from './bundle-reader.js';
import { type ReadPublishedKeys } from './published-keys.js';

/** One a document: a bundle is held against the one that was read before. */
export function readerFor({ kind }: Pick<IssuerRegistration, 'kind'>): ReadPublishedKeys {
  if (kind === 'oidc') return (document) => ({ keys: parseKeySet(document) });
  const bundle = new BundleReader();
  return (document) => bundle.read(document);
}
