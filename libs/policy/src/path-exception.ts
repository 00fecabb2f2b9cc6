/**
 * What the paths of a resource may hold although readers differ on it, by name: an escaped slash inside of a segment
 * (`/queues/%2F/orders`), and parameters behind a segment (`/orders;jsessionid=1`, RFC 3986 section 3.3). There is none
 * for dot segments, double encoding, backslashes, control characters and empty segments.
 */
export const PATH_EXCEPTIONS = ['encoded-slash', 'path-parameter'] as const;
export type PathException = (typeof PATH_EXCEPTIONS)[number];
export type PathExceptions = ReadonlySet<PathException>;

export const NO_PATH_EXCEPTIONS: PathExceptions = new Set();
export const ALL_PATH_EXCEPTIONS: PathExceptions = new Set(PATH_EXCEPTIONS);
