// Each suite loads its modules anew, so that a process compiles the same files again for each suite that it runs: a fifth of
// all its work. From the third time on V8 is given what it made of the file before; of CommonJS that is also every function
// that the suite before called.
import vm from 'node:vm';

/** V8 forgets of code that it was given whom to ask for what is imported while it runs, or for `import.meta`. */
const ASKS_ITS_HOST = /\bimport\s*[(./]/;

/** Compiled once: nobody knows yet whether it will be again. */
const ONCE = Symbol('once');
const { compileFunction, Script, SourceTextModule } = vm;

/** By the whole text of the file: ONCE, or what V8 made of it. */
const functions = new Map();
const modules = new Map();
/** By text: what this suite is the second to run. */
const running = new Map();

/** Of CommonJS, which Jest compiles as the body of a function. */
function functionOf(text, parameters, options) {
  const known = functions.get(text);
  if (known === undefined) {
    if (!ASKS_ITS_HOST.test(text)) functions.set(text, ONCE);
    return compileFunction(text, parameters, options);
  }
  const { parsingContext, ...others } = options;
  const head = `(function (${parameters.join(',')}) {`;
  const cachedData = known === ONCE ? undefined : known;
  const place = { ...others, columnOffset: -head.length };
  const script = new Script(`${head}${text}\n})`, { ...place, cachedData });
  if (known === ONCE) running.set(text, script);
  return script.runInContext(parsingContext);
}

class KeptModule extends SourceTextModule {
  constructor(text, options) {
    const known = modules.get(text);
    const cachedData = known === ONCE ? undefined : known;
    super(text, { ...options, ...(cachedData === undefined ? {} : { cachedData }) });
    if (known === undefined && !ASKS_ITS_HOST.test(text)) modules.set(text, ONCE);
    if (known === ONCE) modules.set(text, this.createCachedData());
  }
}

/** Before the first suite. */
export function keepCompiledCode() {
  vm.compileFunction = functionOf;
  vm.SourceTextModule = KeptModule;
}

/** After each suite, which by now has called what it calls. */
export function noteCompiledCode() {
  for (const [text, script] of running) functions.set(text, script.createCachedData());
  running.clear();
}
