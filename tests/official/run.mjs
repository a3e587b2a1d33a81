// node run.mjs <folder of node_modules> <folder of promisepy> <program>: runs a Python program in Pyodide and prints
// what its coroutine `main()` returns.
import {readFileSync} from 'node:fs';
import {load} from './pyodide.mjs';

const [packages, promisepy, program] = process.argv.slice(2);
const pyodide = await load(packages, promisepy);
pyodide.runPython(readFileSync(program, 'utf8'));
process.stdout.write(await pyodide.runPythonAsync('await main()'));
