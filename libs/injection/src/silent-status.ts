/**
 * Statuses with which a server, or what stands before it, says that it did not get to the point (RFC 9110, RFC 6585,
 * RFC 8470): of a value they say neither that it is good nor that it is not.
 */
export const isSilentOnValue = (status: number): boolean =>
  status >= 500 || status === 408 || status === 425 || status === 429;
