import { refSegments, type SecretRef } from '#credentials';

/** Where KV version 2 keeps a ref, percent-encoded, below `/v1/`. @throws SecretRefInvalid */
export function kvPath(ref: SecretRef, kind: 'data' | 'metadata' | 'destroy'): string {
  const { mount, path } = refSegments(ref);
  return [...mount, kind, ...path].map(encodeURIComponent).join('/');
}
