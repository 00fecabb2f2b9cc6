// A legacy backend that reads what is sent to it, and says that it has.
import { createServer } from 'node:http';
import { peerSettings } from './peer-settings.js';

createServer((request, response) => {
  request.resume().on('end', () => response.end('read'));
}).listen(peerSettings().port, '127.0.0.1');
