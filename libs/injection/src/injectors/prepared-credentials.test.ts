import { type SecretVersion } from '#credentials';
import { Secret } from '#kernel';
import { aProxiedResource, CallPathParts, TEST_SECRET_REF } from '#testing';
import { PreparedCredentials } from './prepared-credentials.js';

const versionOf = (version: number): SecretVersion => ({
  ref: TEST_SECRET_REF,
  version,
  fields: new Map(
    ['username', 'password'].map((name) => [name, Secret.of(`${name}-of-version-${version}`)]),
  ),
});

describe('what is prepared for calls', () => {
  const resource = aProxiedResource();
  let prepared: PreparedCredentials;
  beforeEach(() => {
    prepared = new PreparedCredentials(new CallPathParts([resource]));
  });

  it('is one version of a credential that is not managed', () => {
    const [first, second] = [versionOf(1), versionOf(2)];
    const before = prepared.of(resource, first);
    expect(prepared.of(resource, first)).toBe(before);
    prepared.of(resource, second);
    expect(prepared.of(resource, first)).not.toBe(before);
  });

  it('is kept beside other versions of a managed one, three in all', () => {
    const versions = [1, 2, 3, 4].map(versionOf);
    const [one, two, three] = versions.map((version) => prepared.ofManaged(resource, version));
    expect(prepared.ofManaged(resource, versions[1]!)).toBe(two);
    expect(prepared.ofManaged(resource, versions[2]!)).toBe(three);
    expect(prepared.ofManaged(resource, versions[0]!)).not.toBe(one);
  });

  it('ends with what is not wanted any more', async () => {
    const [first, second] = [versionOf(1), versionOf(2)];
    const [one, two] = [prepared.ofManaged(resource, first), prepared.ofManaged(resource, second)];
    await prepared.sweep((_, version) => version === 2);
    expect(prepared.ofManaged(resource, second)).toBe(two);
    expect(prepared.ofManaged(resource, first)).not.toBe(one);
  });

  it('is another one for a version that was written anew under its number', () => {
    const one = prepared.ofManaged(resource, versionOf(1));
    expect(prepared.ofManaged(resource, versionOf(1))).not.toBe(one);
  });
});
