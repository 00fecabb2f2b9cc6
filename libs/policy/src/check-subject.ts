import { type GrantFileSubject } from './grant-file.js';
import { type ReportProblem } from './policy-problem.js';

/** Claims with a key of their own in a grant. */
const OWN_KEYS = new Map([
  ['iss', 'issuer'],
  ['sub', 'id or segments'],
]);

/** Over-breadth: a grant fits one subject, or says by `*` or by claims which closed set it fits. */
export function checkSubject(
  where: 'subject' | 'actor',
  subject: GrantFileSubject,
  reportAt: ReportProblem,
): void {
  const report: ReportProblem = (path, what) => reportAt(path.replace('subject', where), what);
  checkId(subject, report);
  checkSegments(subject, report);
  if (subject.id !== undefined && subject.segments !== undefined) {
    report('subject', 'has both id and segments: use one');
  }
  const claimNames = Object.keys(subject.claims ?? {});
  if (isOpen(subject) && claimNames.length === 0) {
    report('subject', 'fits every subject of its issuer: name an id, segments or claims');
  }
  for (const name of claimNames) {
    if (/^(?:act|may_act)(?:\/|$)/.test(name)) {
      report(
        `subject.claims.${name}`,
        'speaks of delegation, which gives nothing by claims: use actor',
      );
    }
    const own = OWN_KEYS.get(name);
    if (own !== undefined) report(`subject.claims.${name}`, `use subject.${own} for it`);
  }
}

function checkId({ id }: GrantFileSubject, report: ReportProblem): void {
  if (id === undefined) return;
  if (id.includes('*')) {
    report('subject.id', 'is compared byte for byte, "*" has no meaning here: see segments');
  }
  if (id === 'any') {
    report(
      'subject.id',
      'is compared byte for byte: to fit any subject, leave it out, list claims',
    );
  }
}

function checkSegments({ segments = [] }: GrantFileSubject, report: ReportProblem): void {
  segments.forEach((segment, index) => {
    if (segment.includes('/')) {
      report(`subject.segments[${index}]`, 'holds a "/": write one segment an entry');
    }
    if (segment !== '*' && segment.includes('*')) {
      report(`subject.segments[${index}]`, '"*" stands for one whole segment: there is no glob');
    }
  });
}

const isOpen = ({ id, segments }: GrantFileSubject): boolean =>
  id === undefined && (segments === undefined || segments.every((segment) => segment === '*'));
