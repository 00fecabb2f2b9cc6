import { loadConfig } from './load-config.js';
it('x', () => {
  console.log(JSON.stringify(loadConfig('examples/postern.yaml'), null, 1));
});
