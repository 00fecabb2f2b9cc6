import { type Provider } from '@nestjs/common';

/** A port is its own injection token. */
export const provide = <T>(port: abstract new (...args: never[]) => T, value: T): Provider => ({
  provide: port,
  useValue: value,
});
