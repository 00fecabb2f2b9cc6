/** What a step of the demo says of itself when it did what it promises. */
export type StepResult = string;

export class StepFailed extends Error {}

/** Fails the step unless the claim holds. */
export function must(claim: boolean, what: string): asserts claim {
  if (!claim) throw new StepFailed(what);
}

/** Runs the steps in order, a line each; the first that does not do what it says ends the demo. */
export class Story {
  #number = 0;

  async step(title: string, run: () => Promise<StepResult>): Promise<void> {
    this.#number += 1;
    const label = `${String(this.#number).padStart(2)}. ${title}`;
    const result = await run().catch((failure: unknown) => {
      console.log(
        `${label}\n    FAILED: ${failure instanceof Error ? failure.message : 'unknown'}`,
      );
      throw failure;
    });
    console.log(`${label}\n    ${result}`);
  }
}
