/** The Kafka topics of Postern, each with what its records are keyed by. Partition counts are fixed for life. */
export const TOPICS = {
  exchange: 'postern.exchange.v1',
  handle: 'postern.handle.v1',
  call: 'postern.call.v1',
  credential: 'postern.credential.v1',
  policy: 'postern.policy.v1',
} as const;

export type Topic = (typeof TOPICS)[keyof typeof TOPICS];
