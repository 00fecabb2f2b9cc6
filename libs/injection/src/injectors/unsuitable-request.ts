import { CallDenied } from '../call-denied.js';

/**
 * The caller's request has not the form that its resource's injection needs; nothing is sent. `what` is for the operator,
 * and repeats nothing of the request.
 */
export const unsuitableRequest = (what: string): CallDenied =>
  new CallDenied({ code: 'unsuitable-request', reason: 'unsuitable_request', detail: what });
