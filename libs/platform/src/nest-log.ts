import { type LoggerService } from '@nestjs/common';
import { type Logger } from './logger.js';

/** What the framework says, in our log: faults as errors, everything else for `debug`. */
export class NestLog implements LoggerService {
  constructor(private readonly log_: Logger) {}

  log(message: unknown): void {
    this.log_.debug(text(message));
  }

  error(message: unknown): void {
    this.log_.error(message instanceof Error ? { err: message } : {}, text(message));
  }

  fatal(message: unknown): void {
    this.error(message);
  }

  warn(message: unknown): void {
    this.log_.warn(text(message));
  }
}

const text = (message: unknown): string => {
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : 'the framework reports';
};
