import { UndiciUpstream } from '#adapters/http';
import { upstreamContract } from '#testing';

describe('undici', () => {
  upstreamContract(() => new UndiciUpstream());
});
