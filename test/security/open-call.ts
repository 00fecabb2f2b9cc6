import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** A call that stays under way: what came of it so far, and how it ended. */
export class OpenCall {
  status = 0;
  headers: IncomingMessage['headers'] = {};
  body = '';
  /** `whole`: the answer came to its end; `cut`: the connection broke before that. */
  end: 'whole' | 'cut' | undefined;
  readonly ended: Promise<void>;

  private constructor(private readonly sent: ClientRequest) {
    this.ended = new Promise((resolve) => {
      const over = (end: 'whole' | 'cut') => (): void => {
        this.end ??= end;
        resolve();
      };
      sent.on('error', over('cut')).on('response', (response) => {
        this.status = response.statusCode ?? 0;
        this.headers = response.headers;
        response.setEncoding('latin1').on('data', (text: string) => (this.body += text));
        response.on('error', over('cut')).on('end', over('whole'));
      });
    });
  }

  static begin(
    port: number,
    target: string,
    plaintext: string,
    options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
  ): OpenCall {
    const sent = request({
      ...{ host: '127.0.0.1', port, path: target, agent: false },
      method: options.method ?? 'GET',
      headers: { authorization: `Bearer ${plaintext}`, ...options.headers },
    });
    const call = new OpenCall(sent);
    if (options.method === 'POST') sent.flushHeaders();
    else sent.end();
    return call;
  }

  /** More of its body. */
  write(text: string): void {
    if (!this.sent.destroyed) this.sent.write(text);
  }

  /** The caller goes away. */
  abort(): void {
    this.sent.destroy();
  }
}
