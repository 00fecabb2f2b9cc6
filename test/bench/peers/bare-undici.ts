// The least a proxy in Node can do: node:http in, undici out, one header put on. Nothing is checked.
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { peerSettings } from './peer-settings.js';

const { destination, port, authorization } = peerSettings();
const pool = new Pool(destination, { connections: 64, pipelining: 1 });

createServer((request, response) => {
  const length = request.headers['content-length'];
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: request.method ?? 'GET',
      headers: { authorization, ...(length === undefined ? {} : { 'content-length': length }) },
      body: length === undefined ? null : request,
    },
    {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status, headers) => {
        response.writeHead(status, headers);
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return;
        controller.pause();
        response.once('drain', () => controller.resume());
      },
      onResponseEnd: () => response.end(),
      onResponseError: () => response.destroy(),
    },
  );
}).listen(port, '127.0.0.1');
