import { z } from 'zod';
import { text } from './config-values.js';

const PORT_EXPECTED = 'expected a port from 0 to 65535; 0 takes a free one';

const tls = z.strictObject({
  certificateFile: text.describe(
    'PEM, the certificate of the listener first; relative to this file',
  ),
  keyFile: text.describe('its private key, PEM and not encrypted; relative to this file'),
  clientCertificates: z
    .enum(['off', 'request'])
    .default('off')
    .describe('whether callers are asked for a certificate; who has none is served all the same'),
});

const listener = z.strictObject({
  host: text.describe('address to listen on, such as 127.0.0.1'),
  port: z.int(PORT_EXPECTED).min(0, PORT_EXPECTED).max(65_535, PORT_EXPECTED),
  tls: tls.optional().describe('https, TLS 1.2 or newer; when absent, http'),
});

const adminOnly = z.strictObject({ admin: listener.optional() });
const publicAndAdmin = z.strictObject({
  public: listener.optional(),
  admin: listener.optional(),
});

export const listen = z.strictObject({
  public: listener.describe('sts and proxy; both in standalone'),
  admin: listener.describe('health, metrics and the admin API'),
  sts: publicAndAdmin.optional().describe('the process sts; what is absent is as above'),
  proxy: publicAndAdmin.optional().describe('the process proxy; what is absent is as above'),
  control: adminOnly.optional().describe('the process control; what is absent is as above'),
  relay: adminOnly.optional().describe('the process relay; what is absent is as above'),
  rotator: adminOnly.optional().describe('the process rotator; what is absent is as above'),
  sentinel: adminOnly.optional().describe('the process sentinel; what is absent is as above'),
});

/** How a trusted proxy passes on the certificate that it saw. */
export const clientCertificateHeader = z
  .enum(['client-cert', 'x-ssl-client-cert', 'x-forwarded-client-cert'])
  .optional()
  .describe(
    'in which header trustedProxies pass on the certificate of their caller: client-cert as in RFC 9440, ' +
      'x-ssl-client-cert with URL-encoded PEM, x-forwarded-client-cert as Envoy writes it; nobody else is believed',
  );
