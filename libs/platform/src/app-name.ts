/** Postern's processes. */
export type AppName = 'sts' | 'proxy' | 'control' | 'relay' | 'rotator' | 'sentinel' | 'standalone';
