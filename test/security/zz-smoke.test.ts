import { CallPath } from './call-path.js';
import { TEST_PASSWORD, TEST_USERNAME } from '#testing';

it('works', async () => {
  const path = await CallPath.start({ respond: (q, r) => { r.setHeader('x-echo', q.headers.authorization ?? ''); r.end(JSON.stringify(q.headers)); } });
  const answer = await path.call('/proxy/ledger/accounts/42?x=1');
  console.error(answer, path.backend.seen, path.parts.ledger.completed.map(e => e.data), path.problems, TEST_PASSWORD, TEST_USERNAME);
  const denied = await path.call('/proxy/ledger/entries', { method: 'DELETE' });
  console.error(denied, path.parts.journal.events.at(-1));
  await path.stop();
});
