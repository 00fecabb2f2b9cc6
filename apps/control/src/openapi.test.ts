import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { aHandle } from '#testing';
import { handleResource } from './admin.wire.js';
import { openApiDocument } from './openapi.js';

describe('docs/openapi.json', () => {
  const file = fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url));

  it('is in step with the admin API (write openApiDocument to it)', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(openApiDocument)),
    );
  });

  it('names each member of a handle that operators get, and no other', () => {
    const { Handle } = openApiDocument.components.schemas;
    expect(Object.keys(Handle.properties)).toEqual(Object.keys(handleResource(aHandle())));
  });

  it('refers to nothing that it does not define', () => {
    const references = JSON.stringify(openApiDocument).match(/#\/components\/schemas\/\w+/g) ?? [];
    const defined = Object.keys(openApiDocument.components.schemas);
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      expect(defined).toContain(reference.split('/').at(-1));
    }
  });
});
