// node adapter.mjs <folder of node_modules> <folder of promisepy> [pattern of test names]
//
// Runs the official Promises/A+ suite against promisepy, which runs in Pyodide: CPython compiled to WebAssembly. This is
// JavaScript's side of the adapter, adapter.py is Python's. Values stay on the side on which they were made, and cross
// as strings: Pyodide would turn objects with a `then` into futures of its own.
//
//   v7  a primitive value of JavaScript     o7  an object or a function     p7  a promise of promisepy
//   t…  a TypeError with that message       e…  another error               +… returned, -… thrown
import {readFileSync} from 'node:fs';
import {load, requireFrom} from './pyodide.mjs';

const [packages, promisepy, pattern] = process.argv.slice(2);

const values = []; // every value that has crossed; nothing is released, since the run is short
const facades = []; // by the number of the promise
const numbers = new Map(); // the same the other way round
let python;

function toPython(value) {
  if (numbers.has(value)) return `p${numbers.get(value)}`;
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return `${isObject ? 'o' : 'v'}${values.push(value) - 1}`;
}

function fromPython(text) {
  const rest = text.slice(1);
  switch (text[0]) {
    case 'p': return facade(Number(rest));
    case 't': return new TypeError(rest);
    case 'e': return new Error(rest);
    default: return values[Number(rest)];
  }
}

function outcome(action) {
  try {
    return `+${toPython(action())}`;
  } catch (thrown) {
    return `-${toPython(thrown)}`;
  }
}

// promisepy answers what is neither a function nor None with a TypeError; to ignore it is left to the adapter.
const handler = (given) => (typeof given === 'function' ? toPython(given) : '');

function facade(number) {
  if (!facades[number]) {
    facades[number] = {then: (fulfilled, rejected) => facade(python.then(number, handler(fulfilled), handler(rejected)))};
    numbers.set(facades[number], number);
  }
  return facades[number];
}

// What adapter.py imports.
const javascript = {
  call: (called, argument) => outcome(() => (0, fromPython(called))(fromPython(argument))), // without `this`
  get_then: (object) => outcome(() => fromPython(object).then),
  is_function: (value) => typeof fromPython(value) === 'function',
  call_then: (object, then, pair) => outcome(() => fromPython(then).call(
    fromPython(object),
    (value) => { python.resolve(pair, toPython(value)); },
    (reason) => { python.reject(pair, toPython(reason)); },
  )),
};

const adapter = {
  deferred() {
    const [number, pair] = python.deferred().split(' ').map(Number);
    return {
      promise: facade(number),
      resolve: (value) => { python.resolve(pair, toPython(value)); },
      reject: (reason) => { python.reject(pair, toPython(reason)); },
    };
  },
  resolved: (value) => facade(python.resolved(toPython(value))),
  rejected: (reason) => facade(python.rejected(toPython(reason))),
};

async function start() {
  const pyodide = await load(packages, promisepy);
  pyodide.registerJsModule('javascript', javascript);
  const names = pyodide.globals.get('dict')();
  pyodide.runPython(readFileSync(new URL('adapter.py', import.meta.url), 'utf8'), {globals: names});
  python = Object.fromEntries(
    ['deferred', 'resolve', 'reject', 'resolved', 'rejected', 'then'].map((name) => [name, names.get(name)]));
  return pyodide.runPython('sys.version.split()[0]');
}

function report(runner) {
  const failures = [];
  let passes = 0;
  runner.on('pass', () => { passes += 1; });
  runner.on('fail', (test, error) => failures.push(`${test.fullTitle()}: ${error.message}`));
  runner.on('end', () => {
    process.stdout.write(`${JSON.stringify({passes, failures, python: version, node: process.version})}\n`);
  });
}

const version = await start();
// Long enough for a busy machine: tests that wait for nothing to happen bring their own, shorter time.
const options = {reporter: report, timeout: 5000, ...(pattern && {grep: pattern})};
requireFrom(packages)('promises-aplus-tests')(adapter, options, (failed) => process.exit(failed ? 1 : 0));
