import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { aDenialEvent, aHandle, aRotation, rotationTerms } from '#testing';
import { type RecordedEvent } from '#events';
import { handleResource } from './admin.wire.js';
import { explanationResource } from './explanation.wire.js';
import { openApiDocument } from './openapi.js';
import { credentialResource, rotationResource } from './rotations.wire.js';
import { verdictOf } from './verdict.js';

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

  it('names each member of an explanation, and no other', () => {
    const event: RecordedEvent = { ...aDenialEvent(), recordedtime: '', sequence: '' };
    const { verdict } = verdictOf([event])!;
    const told = { correlationId: '', verdict, decisive: event, handle: undefined, hasMore: false };
    const { Explanation } = openApiDocument.components.schemas;
    expect(Object.keys(Explanation.properties)).toEqual(
      Object.keys(explanationResource({ ...told, events: [event] })),
    );
  });

  it('names each member of a rotation and of a credential, and no other', () => {
    const { Rotation, Credential } = openApiDocument.components.schemas;
    expect(Object.keys(Rotation.properties)).toEqual(Object.keys(rotationResource(aRotation())));
    expect(Object.keys(Credential.properties)).toEqual(
      Object.keys(credentialResource({ terms: rotationTerms(), credential: undefined })),
    );
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
