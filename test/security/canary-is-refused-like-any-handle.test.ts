import { type Canary, type CanaryKind, mintCanary, mintHandle, PlantedCanaries } from '#handles';
import { aCanary, aDenialEvent, InMemoryCanaryStore, InMemoryEventJournal } from '#testing';
import { type Answer, CallPath, send } from './call-path.js';

const TARGET = '/proxy/ledger/accounts/42';
const FLOOD = 200;

type Presented = (text: string) => string;
const bearer: Presented = (text) => `Bearer ${text}`;
const dpop: Presented = (text) => `DPoP ${text}`;
const basic: Presented = (text) => `Basic ${Buffer.from(`svc:${text}`).toString('base64')}`;

/** Whoever finds a canary tries it out. That it is one must be seen by us, and not by whoever tries. */
describe('a canary at the proxy', () => {
  let store: InMemoryCanaryStore;
  let planted: PlantedCanaries;
  let path: CallPath;
  beforeEach(async () => {
    store = new InMemoryCanaryStore(new InMemoryEventJournal());
    planted = new PlantedCanaries(store);
    path = await CallPath.start({ canaries: planted });
  });
  afterEach(() => path.stop());

  const plant = async (kind: CanaryKind): Promise<{ plaintext: string; canary: Canary }> => {
    const { plaintext, ...minted } = mintCanary(kind, 'dev');
    const canary = aCanary({ ...minted, kind });
    await store.plant(canary, aDenialEvent());
    await planted.refresh();
    return { plaintext, canary };
  };
  const present = (authorization: string, target = TARGET): Promise<Answer> =>
    send(path.port, target, { headers: { authorization } });
  const visible = ({ status, statusText, body, rawHeaders, headers }: Answer): unknown => ({
    ...{ status, statusText, body },
    names: rawHeaders.filter((_, index) => index % 2 === 0),
    headers: { ...headers, 'postern-correlation-id': '', date: '' },
  });
  const denials = () => path.parts.journal.of('dev.postern.call.denied.v1');
  const unknownOf = (kind: CanaryKind): string => mintCanary(kind, 'dev').plaintext;

  it.each<[string, CanaryKind, Presented, string]>([
    ['a handle as Bearer', 'handle', bearer, TARGET],
    ['a handle as DPoP', 'handle', dpop, TARGET],
    ['a password as Bearer', 'credential', bearer, TARGET],
    ['a password as Basic, where none is taken', 'credential', basic, TARGET],
    ['a handle as Basic, where none is taken', 'handle', basic, TARGET],
    ['a handle for a resource that there is not', 'handle', bearer, '/proxy/vault/x'],
    ['a handle that stands in the path as well', 'handle', bearer, `${TARGET}?x=`],
  ])('gets the answer of any other, byte for byte: %s', async (_, kind, presented, target) => {
    const { plaintext, canary } = await plant(kind);
    const unknown = unknownOf(kind);
    const twice = target.endsWith('=');
    const other = await present(presented(unknown), twice ? target + unknown : target);
    path.parts.clock.advance(2);
    const answer = await present(presented(plaintext), twice ? target + plaintext : target);
    expect(visible(answer)).toEqual(visible(other));
    expect(denials().map(({ canary_id: id }) => id)).toEqual([undefined, canary.id]);
    expect(denials()[1]).toMatchObject({ reason: 'canary', client: { ip: '127.0.0.1' } });
    expect(path.backend.seen).toHaveLength(0);
  });

  it('is told of at the highest severity, and not by its text', async () => {
    const { plaintext, canary } = await plant('handle');
    const answer = await present(bearer(plaintext));
    const [event] = path.parts.journal.events;
    expect(event).toMatchObject({ severitytext: 'FATAL', data: { canary_id: canary.id } });
    const stored = [answer, path.parts.journal.events, path.problems.map(String)];
    const everything = JSON.stringify([...stored, await store.list({ limit: 500 })]);
    expect(everything).not.toContain(plaintext);
    expect(everything).not.toContain(plaintext.slice(8, 30));
  });

  it('is told of at once amid a flood of guesses, and each of its calls is counted', async () => {
    const { plaintext, canary } = await plant('handle');
    const guess = async (): Promise<unknown> => present(bearer(mintHandle('dev').plaintext));
    for (let guesses = 0; guesses < FLOOD; guesses += 1) await guess();
    await present(bearer(plaintext));
    for (let guesses = 0; guesses < FLOOD; guesses += 1) await guess();
    const reasons = () => denials().map(({ reason, canary_id: id, count }) => [reason, id, count]);
    expect(reasons()).toEqual([
      ['unknown', undefined, undefined],
      ['canary', canary.id, undefined],
    ]);
    await present(bearer(plaintext));
    await present(bearer(plaintext));
    await path.proxy.close(0);
    expect(reasons().slice(2)).toEqual([
      ['unknown', undefined, 2 * FLOOD - 1],
      ['canary', canary.id, 2],
    ]);
  });

  it('is told of each by itself when several are presented at once', async () => {
    const canaries = [await plant('handle'), await plant('credential'), await plant('handle')];
    for (const { plaintext } of canaries) await present(bearer(plaintext));
    const told = denials().map(({ canary_id: id }) => id);
    expect(told).toEqual(canaries.map(({ canary }) => canary.id));
  });

  it('amid a flood is answered whether or not its own event can be written, and the event follows', async () => {
    const { plaintext, canary } = await plant('handle');
    await present(bearer(mintHandle('dev').plaintext));
    path.parts.journal.setReachable(false);
    const other = await present(bearer(mintHandle('dev').plaintext));
    const answer = await present(bearer(plaintext));
    expect(visible(answer)).toEqual(visible(other));
    path.parts.journal.setReachable(true);
    await path.proxy.close(0);
    expect(denials().map(({ canary_id: id }) => id)).toContain(canary.id);
  });

  it('that opens a flood is not answered before its event is durable', async () => {
    const { plaintext } = await plant('handle');
    path.parts.journal.setReachable(false);
    expect((await present(bearer(plaintext))).status).toBe(503);
    path.parts.journal.setReachable(true);
    expect((await present(bearer(plaintext))).status).toBe(401);
    expect(denials()).toHaveLength(1);
  });

  it('is any text once it has ended', async () => {
    const { plaintext, canary } = await plant('handle');
    await store.end(canary.id, path.parts.clock.now(), () => aDenialEvent());
    await planted.refresh();
    await present(bearer(plaintext));
    expect(denials()).toMatchObject([{ reason: 'unknown' }]);
    expect(denials()[0]).not.toHaveProperty('canary_id');
  });

  it('is not every text: one character more, one less or one other is any text', async () => {
    const { plaintext } = await plant('credential');
    for (const text of [`${plaintext}x`, plaintext.slice(1), plaintext.toLowerCase()]) {
      path.parts.clock.advance(2);
      await present(bearer(text));
    }
    expect(denials().map(({ reason }) => reason)).toEqual(['malformed', 'malformed', 'malformed']);
  });
});
