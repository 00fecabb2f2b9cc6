/**
 * EBCDIC code pages of IBM, and what Windows calls UTF-32 (12000, 12001) and UTF-7 (65000). Written by, among others, each
 * server in Java whose caller asks for one in Accept or Accept-Charset.
 */
const CODE_PAGES = new Set(
  [
    ...[37, 273, 275, 277, 278, 280, 284, 285, 290, 297, 300, 420, 423, 424, 500, 833, 834, 835],
    ...[836, 837, 838, 870, 871, 875, 880, 905, 918, 924, 930, 931, 933, 935, 937, 939, 1025, 1026],
    ...[1027, 1047, 1097, 1112, 1122, 1123, 1130, 1132, 1137, 1364, 1371, 1377, 1388, 1390, 1399],
    ...[1140, 1141, 1142, 1143, 1144, 1145, 1146, 1147, 1148, 1149, 1153, 1154, 1155, 1156, 1157],
    ...[1158, 1160, 1164, 1165, 1166, 4933, 5026, 5035, 16684, 12000, 12001, 65000],
  ].map(String),
);
const CODE_PAGE =
  /^(?:x-)?(?:cs)?(?:ibm|cp|ccsid|windows|x-cp)[-_]?(?:ebcdic-)?0*([0-9]{2,5})(?![0-9])/;
const NOT_LIKE_ASCII =
  /ebcdic|^(?:x-)?(?:cs)?(?:utf[-_]?7|utf[-_]?32|unicode-?1-?1-?utf-?7|iso-?10646-?ucs-?4|ucs[-_]?4|scsu|bocu-?1|ibm-?thai|x-jis0208|jis0208|x-jis_x0212|jis_x0212|x-?imap)/;

/**
 * Whether text in the charsets that a Content-Type names can be searched: those that write ASCII as ASCII does, and UTF-16.
 * What is not known is taken for one of them.
 */
export const isSearchableCharset = (contentType: string): boolean =>
  [...contentType.toLowerCase().matchAll(/charset[\s]*=[\s"']*([^\s"';,]+)/g)].every(
    ([, charset = '']) =>
      !NOT_LIKE_ASCII.test(charset) && !CODE_PAGES.has(CODE_PAGE.exec(charset)?.[1] ?? ''),
  );
