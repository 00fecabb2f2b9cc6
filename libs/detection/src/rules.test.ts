import { ruleIds } from './rule.js';
import { shippedRules, thresholdOf } from './rule-settings.js';
import { RULES } from './rules.js';

describe('the rules', () => {
  it.each(ruleIds)('have %s, which says what it is', (id) => {
    const rule = RULES[id];
    expect(rule.id).toBe(id);
    expect(rule.title).toMatch(/^[A-Z].*[^.]$/);
    expect(rule.mitre.every((technique) => /^T\d{4}(?:\.\d{3})?$/.test(technique))).toBe(true);
    expect(rule.owaspNhi.every((risk) => /^NHI(?:[1-9]|10)$/.test(risk))).toBe(true);
    expect(Object.values(rule.thresholds).every((figure) => figure > 0)).toBe(true);
  });

  it('ship in monitor, but for those that decide for certain, and one that is noise', () => {
    const of = (mode: string): string[] => ruleIds.filter((id) => RULES[id].mode === mode);
    expect(of('enforce')).toEqual(['D01', 'D02', 'D03', 'D04', 'D06', 'D09', 'D20', 'D23', 'D24']);
    expect(of('off')).toEqual(['D22']);
  });

  it('answer the risks of the OWASP NHI Top 10 that they are named for', () => {
    const answering = (risk: string): string[] =>
      ruleIds.filter((id) => RULES[id].owaspNhi.includes(risk));
    expect(answering('NHI1')).toEqual(['D16']);
    expect(answering('NHI2')).toEqual(['D08', 'D09', 'D24']);
    expect(answering('NHI3')).toEqual(['D07', 'D17']);
    expect(answering('NHI4')).toEqual(['D06']);
    expect(answering('NHI5')).toEqual(['D12']);
    expect(answering('NHI7')).toEqual(['D16', 'D21']);
    expect(answering('NHI8')).toEqual(['D02', 'D03']);
    expect(answering('NHI9')).toEqual(['D15']);
    expect(answering('NHI10')).toEqual(['D14']);
  });

  it('have figures that can be set, and no others', () => {
    const { D12 } = shippedRules();
    expect(thresholdOf('D12', D12, 'distinctDenied')).toBe(5);
    expect(
      thresholdOf('D12', { ...D12, thresholds: { distinctDenied: 9 } }, 'distinctDenied'),
    ).toBe(9);
    expect(() => thresholdOf('D12', D12, 'distinct')).toThrow('D12 has no threshold distinct');
    expect(() => thresholdOf('D12', { ...D12, thresholds: { x: 1 } }, 'x')).toThrow(
      'no threshold x',
    );
    expect(() => thresholdOf('D12', D12, 'toString')).toThrow('no threshold');
  });
});
