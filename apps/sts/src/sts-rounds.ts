import { type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { type AuthorizationServer, type AuthorizationServerPorts } from '#oauth';
import { CANARIES_EVERY_MS, RESTRICTIONS_EVERY_MS } from '#handles';
import { Rounds, type RoundsParts } from '#platform';

/** A flood of denials is told of within two seconds. */
const FLUSH_EVERY_MS = 1_000;
/** How long a handle may live on when its grant, its issuer or the key of its token is gone. */
const WATCH_EVERY_MS = 5_000;
const PURGE_EVERY_MS = 600_000;

/** What an STS does unasked. Many processes may do so at once. */
export function stsRounds(
  { uses, proofUses, clock, canaries, restrictions }: AuthorizationServerPorts,
  { tokenExchange, originWatch }: AuthorizationServer,
  onFault: (failure: unknown) => void,
): Provider[] {
  const rounds = (name: string, everyMs: number, duties: RoundsParts['duties']): Provider => ({
    provide: `sts-rounds-${name}`,
    useValue: new Rounds({ duties, onFault, everyMs }),
  });
  const lastWords: OnApplicationShutdown = {
    onApplicationShutdown: () => tokenExchange.close().catch(onFault),
  };
  return [
    { provide: 'sts-last-words', useValue: lastWords },
    rounds('flush', FLUSH_EVERY_MS, [() => tokenExchange.flushDenials()]),
    rounds('canaries', CANARIES_EVERY_MS, [() => canaries?.refresh() ?? Promise.resolve()]),
    rounds('restrictions', RESTRICTIONS_EVERY_MS, [
      () => restrictions?.refresh() ?? Promise.resolve(),
    ]),
    rounds('watch', WATCH_EVERY_MS, [() => originWatch.check()]),
    // A purge that fails costs space and nothing else: the next one does its work.
    rounds('purge', PURGE_EVERY_MS, [
      () => uses.purge(clock.now()),
      () => proofUses.purge(clock.now()),
    ]),
  ];
}
