export {
  type ExchangeRequest,
  type IssuedHandle,
  PosternClient,
  PosternRefused,
} from './postern-client.js';
