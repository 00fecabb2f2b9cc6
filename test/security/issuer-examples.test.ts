import { testGrants } from '#policy';
import { type ExampleClaims as Claims, IssuerExamples } from '#test-support';

const AUDIENCE = 'https://postern.example';

describe('the examples of docs/issuers.md', () => {
  const examples = new IssuerExamples();

  it('are of all kinds, with a grant for each', () => {
    expect(examples.issuers.all().map(({ id }) => id)).toEqual([
      'k8s-prod',
      'github',
      'gitlab',
      'mesh',
      'partner',
    ]);
    expect(new Set(examples.grants.grants.map(({ subject }) => subject.issuer)).size).toBe(5);
  });

  it('pass the tests of the grants, and deny every mutant of them', () => {
    const { mutants, survivors } = testGrants(examples.grantFiles, examples.context);
    expect(mutants).toBeGreaterThan(50);
    expect(survivors).toEqual([]);
  });

  describe('Kubernetes service accounts', () => {
    const UID = '0c5e8b2e-6f0b-4c53-9d0e-5d1f7c8a9b10';
    const kubernetes = (changes: Claims = {}): Claims => ({
      namespace: 'payments',
      node: { name: 'node-1', uid: '646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1' },
      pod: { name: 'settler-5b7c', uid: '5e0bd49b-f040-43b0-99b7-22765a53f7f3' },
      serviceaccount: { name: 'settler', uid: UID },
      warnafter: examples.nowSeconds + 3607,
      ...changes,
    });
    const asked = (changes: Claims = {}): Promise<string> =>
      examples.outcome(
        'k8s-prod',
        {
          aud: [AUDIENCE],
          iss: 'https://k8s.prod.example',
          jti: 'ea28ed49-2e11-4280-9ec5-bc3d1d84661a',
          'kubernetes.io': kubernetes(),
          sub: 'system:serviceaccount:payments:settler',
          ...changes,
        },
        { header: { typ: undefined } },
      );

    it('permits the service account', async () => {
      expect(await asked()).toBe('permit');
    });

    it.each<[string, Claims, string]>([
      ['another service account', { sub: 'system:serviceaccount:payments:settler2' }, 'deny'],
      [
        'one of the same name that was made anew',
        { 'kubernetes.io': kubernetes({ serviceaccount: { name: 'settler', uid: 'another' } }) },
        'deny',
      ],
      [
        'one of a namespace that is registered, and not granted',
        {
          sub: 'system:serviceaccount:reporting:settler',
          'kubernetes.io': kubernetes({ namespace: 'reporting' }),
        },
        'deny',
      ],
      [
        'one of a namespace that is not registered',
        { 'kubernetes.io': kubernetes({ namespace: 'payments-test' }) },
        'invalid_claims',
      ],
      ['J-34 a token without the claim', { 'kubernetes.io': undefined }, 'invalid_claims'],
      ['J-34 an empty claim', { 'kubernetes.io': {} }, 'invalid_claims'],
      [
        'J-35 a namespace in a list',
        { 'kubernetes.io': kubernetes({ namespace: ['payments'] }) },
        'invalid_claims',
      ],
      [
        'J-35 a uid that is a list',
        { 'kubernetes.io': kubernetes({ serviceaccount: { name: 'settler', uid: [UID] } }) },
        'deny',
      ],
      ['a token for the API server', { aud: ['https://kubernetes.default.svc'] }, 'invalid_claims'],
      ['a token for the API server and us', { aud: ['api', AUDIENCE] }, 'invalid_claims'],
      ['J-33 a token of a cluster that sends no jti', { jti: undefined }, 'invalid_claims'],
      [
        'J-17 a token out of a secret, which never expires',
        { exp: undefined, iat: undefined },
        'invalid_claims',
      ],
    ])('does not permit %s', async (_what, changes, expected) => {
      expect(await asked(changes)).toBe(expected);
    });
  });

  describe('GitHub Actions', () => {
    const asked = (changes: Claims = {}): Promise<string> =>
      examples.outcome(
        'github',
        {
          ...{ jti: 'example-id', aud: AUDIENCE, nbf: examples.nowSeconds - 600 },
          sub: 'repo:example/settlement:environment:production',
          ...{ environment: 'production', ref: 'refs/heads/main', ref_type: 'branch' },
          ...{
            ref_protected: 'true',
            sha: 'f1e2d3',
            event_name: 'push',
            base_ref: '',
            head_ref: '',
          },
          ...{ repository: 'example/settlement', repository_id: '74' },
          ...{ repository_owner: 'example', repository_owner_id: '1342004' },
          ...{ repository_visibility: 'private', runner_environment: 'github-hosted' },
          ...{ actor: 'octocat', actor_id: '12', run_id: '1', run_number: '10', run_attempt: '2' },
          ...{ workflow: 'deploy', workflow_sha: 'f1e2d3', job_workflow_sha: 'a4b5c6' },
          workflow_ref: 'example/settlement/.github/workflows/deploy.yml@refs/heads/main',
          job_workflow_ref: 'example/workflows/.github/workflows/deploy.yml@refs/heads/main',
          iss: 'https://token.actions.githubusercontent.com',
          ...changes,
        },
        { header: { x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA' } },
      );

    it('permits the job of the environment', async () => {
      expect(await asked()).toBe('permit');
    });

    it.each<[string, Claims, string]>([
      ['a pull request', { sub: 'repo:example/settlement:pull_request' }, 'deny'],
      ['a branch', { sub: 'repo:example/settlement:ref:refs/heads/main' }, 'deny'],
      ['another environment', { sub: 'repo:example/settlement:environment:staging' }, 'deny'],
      ['J-34 a token without environment', { environment: undefined }, 'deny'],
      ['J-34 a token with an empty environment', { environment: '' }, 'deny'],
      ['J-35 a repository_id that is a number', { repository_id: 74 }, 'deny'],
      ['a repository that took over the name', { repository_id: '75' }, 'deny'],
      [
        'another workflow',
        { job_workflow_ref: 'example/settlement/.github/workflows/any.yml@refs/heads/main' },
        'deny',
      ],
      [
        'the workflow as it is on another branch',
        { job_workflow_ref: 'example/workflows/.github/workflows/deploy.yml@refs/heads/try' },
        'deny',
      ],
      ['another organisation of the name', { repository_owner_id: '9' }, 'invalid_claims'],
      ['J-34 a token without owner', { repository_owner_id: undefined }, 'invalid_claims'],
      ['J-35 an owner that is a number', { repository_owner_id: 1342004 }, 'invalid_claims'],
      ['a runner of somebody', { runner_environment: 'self-hosted' }, 'invalid_claims'],
      ['a token for GitHub itself', { aud: 'https://github.com/example' }, 'invalid_claims'],
    ])('does not permit %s', async (_what, changes, expected) => {
      expect(await asked(changes)).toBe(expected);
    });
  });

  describe('GitLab CI', () => {
    const asked = (changes: Claims = {}): Promise<string> =>
      examples.outcome('gitlab', {
        ...{ namespace_id: '72', namespace_path: 'payments', project_id: '20' },
        ...{ project_path: 'payments/report', user_id: '1', user_login: 'sam' },
        ...{ user_email: 'sam@example', user_access_level: 'maintainer' },
        ...{ pipeline_id: '574', pipeline_source: 'schedule', job_id: '302', ref: 'main' },
        ...{ ref_type: 'branch', ref_path: 'refs/heads/main', ref_protected: 'true' },
        ...{ groups_direct: ['payments'], runner_id: 1, runner_environment: 'self-hosted' },
        ...{ sha: '714a629c', project_visibility: 'private', ci_config_sha: '714a629c' },
        ci_config_ref_uri: 'gitlab.example/payments/report//.gitlab-ci.yml@refs/heads/main',
        ...{ jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b', iss: 'https://gitlab.example' },
        ...{ sub: 'project_path:payments/report:ref_type:branch:ref:main', aud: AUDIENCE },
        ...changes,
      });

    it('permits the job of the protected branch', async () => {
      expect(await asked()).toBe('permit');
    });

    it.each<[string, Claims, string]>([
      ['a branch that nobody protects', { ref_protected: 'false' }, 'deny'],
      ['J-35 a ref_protected that is a boolean', { ref_protected: true }, 'deny'],
      ['J-34 a token without ref_protected', { ref_protected: undefined }, 'deny'],
      ['another branch', { ref: 'try' }, 'deny'],
      ['a tag of the name of the branch', { ref_type: 'tag' }, 'deny'],
      ['another project', { project_path: 'payments/reports' }, 'deny'],
      ['a project that took over the path', { project_id: '21' }, 'deny'],
      ['another group', { namespace_id: '73' }, 'invalid_claims'],
      ['a token for another', { aud: 'https://vault.example' }, 'invalid_claims'],
    ])('does not permit %s', async (_what, changes, expected) => {
      expect(await asked(changes)).toBe(expected);
    });
  });
});
