import { type VerifiedX509Svid, verifyX509Svid } from '#identity';
import { TEST_NOW } from './policy-builders.js';
import { TestCertificate } from './test-certificates.js';

export const SVID_UNDER_TEST = 'spiffe://prod.example/ns/pay/sa/billing';

type Presented = readonly Pick<TestCertificate, 'der'>[];

/** The trust domain prod.example, whose one authority is `root`. */
export class SvidsUnderTest {
  private constructor(
    readonly root: TestCertificate,
    /** Has the name of `root` and another key. */
    readonly stranger: TestCertificate,
  ) {}

  static async make(): Promise<SvidsUnderTest> {
    return new SvidsUnderTest(
      await TestCertificate.selfSigned({ subject: 'CN=root' }),
      await TestCertificate.selfSigned({ subject: 'CN=root' }),
    );
  }

  /** The chain against bundles by trust domain. */
  verify(
    chain: Presented,
    bundles: Readonly<Record<string, Presented>> = { 'prod.example': [this.root] },
    now = TEST_NOW,
  ): Promise<VerifiedX509Svid> {
    return verifyX509Svid(
      chain.map(({ der }) => der),
      { now, authoritiesOf: async (trustDomain) => bundles[trustDomain]?.map(({ der }) => der) },
    );
  }
}
