/**
 * For a liveness check: something stands still, which another start may help. Not so while what it works with is away:
 * then `ping` rejects, and another start would find the same.
 * @throws the standstill
 */
export async function throwUnlessAway(
  standstill: Error,
  ping: () => Promise<unknown>,
): Promise<void> {
  const answers = await ping().then(
    () => true,
    () => false,
  );
  if (answers) throw standstill;
}
