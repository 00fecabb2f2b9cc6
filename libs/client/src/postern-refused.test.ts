import { refusalOf } from './postern-refused.js';

const answer = (body: string): Response =>
  new Response(body, { status: 400, headers: { 'postern-correlation-id': 'cor_1' } });

it('names the error of the answer and the correlation id', async () => {
  expect(await refusalOf(answer('{"error":"invalid_target"}'))).toMatchObject({
    status: 400,
    code: 'invalid_target',
    correlationId: 'cor_1',
    message: 'Postern refused: invalid_target (400); an operator can explain cor_1',
  });
});

it.each([
  ['a handle', '{"error":"pst_test_4f3Gh7"}'],
  ['an object', '{"error":{}}'],
  ['no error', '{}'],
  ['null', 'null'],
  ['HTML', '<html>'],
])('does not repeat what is no error code: %s', async (_, body) => {
  expect((await refusalOf(answer(body))).code).toBe('unexpected_answer');
});
