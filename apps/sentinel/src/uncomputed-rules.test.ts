import { UncomputedRules } from './uncomputed-rules.js';

describe('rules that could not be computed', () => {
  it('are told once each, whichever duty they failed in', () => {
    const rules = new UncomputedRules();
    rules.set('late evidence', ['D12']);
    rules.set('stream rules', ['D12', 'D11']);
    expect(rules.note).toMatch(/^D11, D12 could not be computed/);
  });

  it('are told of until the duty that they failed in has computed them', () => {
    const rules = new UncomputedRules();
    rules.set('stream rules', ['D12']);
    rules.set('batch rules', []);
    expect(rules.note).toContain('D12');
    rules.set('stream rules', []);
    expect(rules.note).toBeUndefined();
  });

  it('are none at first', () => {
    expect(new UncomputedRules().note).toBeUndefined();
  });
});
