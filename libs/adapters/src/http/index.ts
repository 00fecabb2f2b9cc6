export { AddressRefused, guardedLookup, permitsAddress } from './address-guard.js';
