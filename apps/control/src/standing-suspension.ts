import { type HandleSelector, type StandingSuspension, type Suspensions, targetOf } from '#handles';

const PAGE = 500;

/** The suspension that stands of what the selector names, for the subjects of all issuers. @throws DependencyUnavailable */
export async function standingOf(
  suspensions: Suspensions,
  selector: HandleSelector,
): Promise<StandingSuspension | undefined> {
  const target = targetOf(selector);
  for (let after = ''; ;) {
    const page = await suspensions.list({ after, limit: PAGE });
    const found = page.find((one) => one.target === target && one.issuers.length === 0);
    const last = page.at(-1)?.target;
    if (found !== undefined || last === undefined || last > target) return found;
    if (page.length < PAGE) return undefined;
    after = last;
  }
}
