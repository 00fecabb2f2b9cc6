import { Writable } from 'node:stream';

/** Where an answer goes that nobody looks at. */
export class DroppedAnswer extends Writable {
  headersSent = false;
  override _write(_: unknown, __: unknown, done: () => void): void {
    done();
  }
  writeHead(): void {
    this.headersSent = true;
  }
  addTrailers(): void {
    this.headersSent = true;
  }
}
