/** Of the head of a request, however it comes. */
export const HEAD_BYTES_MAX = 16 * 1024;
/** More than the call path accepts, so that it can say so; of HTTP/2 pseudo headers and each crumb of a cookie count too. */
export const HEADERS_MAX = 200;
