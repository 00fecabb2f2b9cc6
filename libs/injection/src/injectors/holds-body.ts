import { type Injection } from '../injection.js';
import { signsBody } from './hmac.js';

/** Whether calls of this registration hold their body for the injector, as `holdsBody` of it says. */
export function holdsBody(injection: Injection): boolean {
  switch (injection.kind) {
    case 'body-field':
    case 'digest':
    case 'soap-username-token':
      return true;
    case 'aws-sigv4':
      return !injection.unsignedPayload;
    case 'hmac':
      return signsBody(injection);
    default:
      return false;
  }
}
