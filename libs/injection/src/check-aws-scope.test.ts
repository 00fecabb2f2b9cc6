import { checkAwsScope } from './check-aws-scope.js';

describe('the scope of an AWS signature', () => {
  const check = (region: string, service: string): readonly string[] => {
    const reported: string[] = [];
    const fields = { accessKeyId: 'id', secretAccessKey: 'key', unsignedPayload: false };
    checkAwsScope({ kind: 'aws-sigv4', ...fields, region, service }, (path) => {
      reported.push(path);
    });
    return reported;
  };

  it('is a region and a service in lower case', () => {
    expect(check('eu-central-1', 's3')).toEqual([]);
    expect(check('auto', 'execute-api')).toEqual([]);
  });

  it.each(['', 'EU', 'eu/west', 'eu west', '-eu', 'eu-', 'e'.repeat(65)])('is not %j', (name) => {
    expect(check(name, 's3')).toEqual(['inject.region']);
    expect(check('eu-west-1', name)).toEqual(['inject.service']);
  });
});
