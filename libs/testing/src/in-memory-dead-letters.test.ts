import { DependencyUnavailable } from '#kernel';
import { deadLettersContract, InMemoryDeadLetters } from '#testing';

describe('the in-memory dead letters', () => {
  deadLettersContract(async () => {
    const letters = new InMemoryDeadLetters();
    return {
      letters,
      group: 'contract',
      find: async () => letters.of('contract'),
      unreachable: async () => {
        const away = new InMemoryDeadLetters();
        away.failWith(new DependencyUnavailable('memory', 'away'));
        return away;
      },
      close: async () => undefined,
    };
  });
});
