export { AddressRefused, guardedLookup, permitsAddress } from './address-guard.js';
export { UndiciUpstream } from './undici-upstream.js';
