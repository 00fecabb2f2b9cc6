import { addressMark, mintHandle, wasGivenTo } from '#handles';

const { plaintext } = mintHandle('prod');
const given = { addressMark: addressMark(plaintext, '10.1.2.3') };

describe('the mark of the address that a handle was given to', () => {
  it('tells that address from every other one', () => {
    expect(wasGivenTo(given, plaintext, '10.1.2.3')).toBe(true);
    for (const other of ['10.1.2.4', '10.1.2', '10.1.2.33', '::1']) {
      expect(wasGivenTo(given, plaintext, other)).toBe(false);
    }
  });

  it('is another one for each handle, and says nothing to who does not have the handle', () => {
    const other = mintHandle('prod');
    expect(addressMark(other.plaintext, '10.1.2.3')).not.toBe(given.addressMark);
    expect(addressMark(other.digest, '10.1.2.3')).not.toBe(
      addressMark(other.plaintext, '10.1.2.3'),
    );
  });

  it('does not say what nobody knows', () => {
    expect(wasGivenTo({ addressMark: undefined }, plaintext, '10.1.2.3')).toBeUndefined();
    expect(wasGivenTo(given, plaintext, '')).toBeUndefined();
    expect(addressMark(plaintext, '')).toBeUndefined();
  });
});
