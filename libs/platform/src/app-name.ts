/** Postern's processes. */
export type AppName = 'sts' | 'proxy' | 'control' | 'relay' | 'rotator' | 'standalone';
